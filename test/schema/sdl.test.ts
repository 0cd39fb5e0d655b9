import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type GraphQLSchema,
  getIntrospectionQuery,
  graphqlSync,
  type IntrospectionQuery,
  isSpecifiedScalarType,
} from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildGatewaySchema, printGatewaySchema } from '../../src/resolvers/build-schema.ts';

let schema: GraphQLSchema;

beforeAll(async () => {
  schema = await buildGatewaySchema();
});

describe('the schema', () => {
  test('is the committed schema.graphql', async () => {
    const committed = await readFile(resolve(import.meta.dirname, '..', '..', 'schema.graphql'), 'utf8');
    expect(printGatewaySchema(schema), 'run `npm run schema` and commit schema.graphql').toBe(committed);
  });

  test('describes every type, field, argument and enum value', () => {
    const { data } = graphqlSync({ schema, source: getIntrospectionQuery() });
    const { types } = (data as unknown as IntrospectionQuery).__schema;
    const missing: string[] = [];
    const check = (path: string, described: { readonly description?: string | null | undefined }) => {
      if (!described.description?.trim()) missing.push(path);
    };
    for (const type of types.filter(({ name }) => !name.startsWith('__'))) {
      const definition = schema.getType(type.name);
      if (definition !== undefined && isSpecifiedScalarType(definition)) continue;
      check(type.name, type);
      if (type.kind === 'OBJECT' || type.kind === 'INTERFACE') {
        for (const field of type.fields) {
          check(`${type.name}.${field.name}`, field);
          for (const argument of field.args) check(`${type.name}.${field.name}(${argument.name})`, argument);
        }
      }
      if (type.kind === 'INPUT_OBJECT')
        for (const field of type.inputFields) check(`${type.name}.${field.name}`, field);
      if (type.kind === 'ENUM') for (const value of type.enumValues) check(`${type.name}.${value.name}`, value);
    }
    expect(missing).toEqual([]);
  });

  test('has the operations of the API', () => {
    const fields = (type: { getFields(): object } | null | undefined) => Object.keys(type?.getFields() ?? {}).sort();
    expect(fields(schema.getQueryType()).join(' ')).toBe(
      'apiKeys auditHead auditTrail breakGlassOpenings changes currentCursor deidentifiedStudies deidentifiedStudy dicomNodes dicomTransfer dicomTransfers findings inference inferences instance modelComparison modelDrift modelPerformance modelTransitionRequests modelVersion modelVersions myBreakGlassOpenings node patient patientAccessLog patients remoteStudies rereadJob rereadJobs studies study',
    );
    expect(fields(schema.getMutationType())).toEqual([
      'activateModelVersion',
      'approveModelTransition',
      'cancelInference',
      'cancelReread',
      'createApiKey',
      'echoDicomNode',
      'endBreakGlass',
      'ingestInstances',
      'moveModelVersion',
      'openBreakGlass',
      'pauseReread',
      'recordMissedFinding',
      'recordReview',
      'registerModelVersions',
      'rejectModelTransition',
      'requestInference',
      'requestReread',
      'resumeReread',
      'retrievePriorStudies',
      'retrieveStudy',
      'revokeApiKey',
      'revokeIdentity',
      'rollbackModelVersion',
      'rotateApiKey',
      'sendStudy',
      'setModelThresholds',
    ]);
    expect(fields(schema.getSubscriptionType())).toEqual([
      'breakGlassOpened',
      'findingsCompleted',
      'inferenceProgress',
      'modelDriftAlert',
      'modelVersionChanged',
      'rereadJobChanged',
    ]);
  });
});
