/** Nothing is reachable that does not say for whom it is. */
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { ACCESS_ROLES } from '../../src/access/identity.ts';
import { reachableRoles, requireDeclaredPermissions } from '../../src/resolvers/authorization.ts';
import { buildGatewaySchema } from '../../src/resolvers/build-schema.ts';
import { openApi } from './support.ts';

describe('the schema', () => {
  it('has roles at every root field, and no way round them', async () => {
    const schema = await buildGatewaySchema();
    expect(() => requireDeclaredPermissions(schema)).not.toThrow();
    const reached = reachableRoles(schema);
    expect([...(reached.get('Finding') ?? [])].sort()).toEqual(['ADMIN', 'CLINICIAN', 'INTEGRATION']);
    expect([...(reached.get('HeatMap') ?? [])].sort()).toEqual(['ADMIN', 'CLINICIAN', 'INTEGRATION']);
    expect(reached.get('Study')).not.toContain('AUDITOR');
    expect(reached.get('Patient')).toEqual(new Set(ACCESS_ROLES));
  });

  it('is refused when a root field declares no roles', () => {
    const schema = buildSchema('type Query { patients: Int secrets: Int } type Mutation { meddle: Int }');
    expect(() => requireDeclaredPermissions(schema)).toThrow(/Query\.secrets, Mutation\.meddle/);
  });

  it('is refused when a field leads a role to what is not for it', () => {
    const schema = buildSchema(`
      type Query { studies: [Study] patient: Patient }
      type Patient { films: [Study] }
      type Study { results: Wrapped findings: [Finding] }
      type Wrapped { list: [Finding] }
      type Finding { id: ID }`);
    // Patient is for auditors too, its films are not; Study.results goes round the roles of Study.findings.
    expect(() => requireDeclaredPermissions(schema)).toThrow('Patient.films (AUDITOR)');
    expect(() => requireDeclaredPermissions(schema)).toThrow('Wrapped.list (TECHNOLOGIST)');
    expect(() => requireDeclaredPermissions(schema)).not.toThrow('Study.findings (TECHNOLOGIST)');
  });
});

describe('who may see de-identified views only', () => {
  it('gets nothing beside them, in whatever form it is asked for', async () => {
    await using api = await openApi();
    const researcher = api.as({ deidentifiedOnly: true });
    const allowed = await researcher.run('{ deidentifiedStudies { totalCount nodes { __typename } } __typename }');
    expect(allowed.errors).toEqual([]);
    const sources = [
      '{ study(studyInstanceUid: "1.2.3") { studyInstanceUid } }',
      '{ study(studyInstanceUid: "1.2.3") { deidentified { __typename } patient { mrn } } }',
      'fragment F on Study { patient { mrn } } { study(studyInstanceUid: "1.2.3") { deidentified { __typename } ...F } }',
      '{ study(studyInstanceUid: "1.2.3") { ... on Node { id } } }',
      '{ deidentifiedStudies { totalCount } studies { totalCount } }',
      '{ deidentifiedStudies { totalCount } x: studies { totalCount } }',
    ];
    for (const source of sources) {
      expect(validate(api.schema, parse(source))).toEqual([]);
      const answer = await researcher.run<Record<string, unknown>>(source);
      expect(
        answer.errors.map(({ code }) => code),
        source,
      ).toContain('FORBIDDEN');
      expect(
        Object.values(answer.data ?? {}).every((value) => value === null),
        source,
      ).toBe(true);
    }
  });
});
