/** Every cell of docs/permissions.md: a role that may and a role that may not, through the real schema on a real store. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withPermissionTables } from '../../scripts/permission-tables.ts';
import { ACCESS_ROLES } from '../../src/access/identity.ts';
import { HTTP_DOORS } from '../../src/access/permissions.ts';
import { declaredPermissions, OBJECT_READERS, type Permission } from '../../src/resolvers/authorization.ts';
import { buildGatewaySchema } from '../../src/resolvers/build-schema.ts';
import { type NodeType, toGlobalId } from '../../src/schema/global-id.ts';
import type { AccessRole } from '../../src/store/generated/enums.ts';
import { seedModel, seedStudy } from '../resolvers/seed.ts';
import { type Answer, openApi, type TestApi } from '../resolvers/support.ts';
import { type GivenArguments, queryThrough, type RootName, rootCall } from './documents.ts';

const schema = await buildGatewaySchema();
const permissions = declaredPermissions(schema).map((each) => ({ ...each, name: `${each.type}.${each.field}` }));
const isRoot = (type: string): type is RootName => ['Query', 'Mutation', 'Subscription'].includes(type);
const roots = permissions.filter(({ type }) => isRoot(type));
const fields = permissions.filter(({ type }) => !isRoot(type));
const cells = <Row extends { readonly roles: readonly AccessRole[] }>(rows: readonly Row[]) =>
  rows.flatMap((row) => ACCESS_ROLES.map((role) => ({ ...row, role, allowed: row.roles.includes(role) })));

let api: TestApi;
let given: GivenArguments;
/** A row of each type, where the seed has one. */
let known: Partial<Record<NodeType, string>>;

beforeAll(async () => {
  api = await openApi();
  const modelVersionId = await seedModel(api.store);
  const study = await seedStudy(api.store, { modelVersionId });
  const [film] = study.instances;
  const [finding] = await api.store.prisma.finding.findMany({ take: 1 });
  known = {
    Patient: study.patientId,
    Study: study.studyId,
    Series: study.seriesId,
    Instance: film?.id ?? '',
    Inference: film?.inferenceId ?? '',
    Finding: finding?.id ?? '',
    ModelVersion: modelVersionId,
  };
  given = {
    'Query.patient': `id: "${toGlobalId('Patient', study.patientId)}"`,
    'Query.study': `studyInstanceUid: "${study.studyInstanceUid}"`,
    'Query.instance': `sopInstanceUid: "${film?.sopInstanceUid}"`,
    'Query.inference': `id: "${toGlobalId('Inference', film?.inferenceId ?? '')}"`,
    'Query.modelVersion': `id: "${toGlobalId('ModelVersion', modelVersionId)}"`,
    'Query.node': `id: "${toGlobalId('ModelVersion', modelVersionId)}"`,
    'Mutation.requestInference': `input: { sopInstanceUid: "${film?.sopInstanceUid}" }`,
  };
});

afterAll(() => api?.[Symbol.asyncDispose]());

const codesOf = ({ errors }: Answer<unknown>) => errors.map(({ code }) => code);

/** Nothing but nulls: what a refused field gives. */
function isEmpty(data: unknown): boolean {
  if (data === null || data === undefined) return true;
  return typeof data === 'object' && !Array.isArray(data) && Object.values(data).every(isEmpty);
}

/** Runs or subscribes, and gives the codes of what went wrong and the data. */
async function ask(identity: Parameters<TestApi['as']>[0], { type, field }: Permission) {
  const client = api.as(identity);
  const document = rootCall(schema, type as RootName, field, given);
  if (type !== 'Subscription') {
    const answer = await client.run(document);
    return { codes: codesOf(answer), data: answer.data };
  }
  try {
    await (await client.listen(document)).return();
    return { codes: [], data: 'subscribed' };
  } catch (error) {
    const errors = JSON.parse((error as Error).message) as { readonly code: unknown }[];
    return { codes: errors.map(({ code }) => code), data: null };
  }
}

describe('queries, mutations and subscriptions', () => {
  it.each(cells(roots))('$name by $role: $allowed', async ({ role, allowed, ...permission }) => {
    const { codes, data } = await ask({ roles: [role] }, permission);
    if (allowed) return expect(codes).not.toContain('FORBIDDEN');
    expect(codes).toEqual(['FORBIDDEN']);
    expect(isEmpty(data)).toBe(true);
  });

  it.each(roots)('$name is refused to who has no role, naming those that would do', async (permission) => {
    const { codes, data } = await ask({ roles: [] }, permission);
    expect(codes).toEqual(['FORBIDDEN']);
    expect(isEmpty(data)).toBe(true);
    if (permission.type === 'Subscription') return;
    const { errors } = await api
      .as({ roles: [] })
      .run(rootCall(schema, permission.type as RootName, permission.field, given));
    expect(errors[0]?.message).toContain(permission.roles.join(', '));
  });

  it.each(roots.filter(({ deidentified }) => !deidentified))(
    '$name is refused to who may see de-identified views only, whatever its roles',
    async (permission) => {
      const { codes, data } = await ask({ deidentifiedOnly: true }, permission);
      expect(codes).toContain('FORBIDDEN');
      expect(isEmpty(data)).toBe(true);
    },
  );
});

describe('fields of objects that need more than the object', () => {
  it.each(cells(fields))('$name by $role: $allowed', async ({ type, field, role, allowed }) => {
    const answer = await api.as({ roles: [role] }).run(queryThrough(schema, type, field, given));
    if (!allowed) {
      expect(codesOf(answer)).toContain('FORBIDDEN');
      expect(JSON.stringify(answer.data ?? null)).not.toContain('__typename');
    } else if (codesOf(answer).includes('FORBIDDEN')) {
      // The way there is not for the role; then no part of it may be either.
      expect(answer.errors[0]?.path).not.toContain(field);
    }
  });
});

describe('node(id)', () => {
  const types = (Object.keys(OBJECT_READERS) as NodeType[]).map((type) => ({ type, roles: OBJECT_READERS[type] }));

  it.each(cells(types))('of a $type by $role: $allowed', async ({ type, role, allowed }) => {
    const id = toGlobalId(type, known[type] ?? '018f0000-0000-7000-8000-000000000000');
    const answer = await api.as({ roles: [role] }).run<{ node: unknown }>(`{ node(id: "${id}") { __typename } }`);
    if (allowed) {
      expect(answer.errors).toEqual([]);
      expect(answer.data?.node).toEqual(known[type] === undefined ? null : { __typename: type });
    } else {
      expect(codesOf(answer)).toEqual(['FORBIDDEN']);
      expect(answer.data).toEqual({ node: null });
    }
  });
});

describe('docs/permissions.md', () => {
  it('has the tables of the code; `npm run permissions` makes them anew', () => {
    const document = readFileSync(resolve(import.meta.dirname, '..', '..', 'docs', 'permissions.md'), 'utf8');
    const sources = { roles: ACCESS_ROLES, fields: permissions, doors: HTTP_DOORS, objects: OBJECT_READERS };
    expect(withPermissionTables(document, sources)).toBe(document);
  });
});
