import { isObjectType, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { Disclosures } from '../../src/access/disclosures.ts';
import { buildGatewaySchema } from '../../src/resolvers/build-schema.ts';
import { NOTED_TYPES } from '../../src/resolvers/note-disclosures.ts';
import { operationNameOf } from '../../src/resolvers/operation-name.ts';

/** Object types that show nobody's data by themselves: what lies below them does, and is noted there. */
const HARMLESS = new Set([
  ...['Query', 'Mutation', 'Subscription', 'PageInfo', 'CodedError'],
  // Of model versions, nodes, keys and the process
  ...['ModelVersion', 'ModelTransition', 'ModelVersionChanged', 'ModelInput', 'ModelLabel', 'ModelPreprocessing'],
  ...['LabelThreshold', 'ThresholdSet', 'RequestedThreshold', 'UpdatedModelVersion', 'RefusedModelFolder'],
  // Parts of readings and findings, which are noted themselves
  ...['InferenceProvenance', 'FindingProvenance'],
  // Parts of jobs of re-readings, which are noted themselves
  ...['RereadSelection', 'RereadPeriod', 'RereadFinding', 'RereadJobChanged'],
  // Figures over many films
  ...['RereadProgress'],
  ...['PerformanceGroup', 'LabelPerformance', 'Proportion', 'LabelComparison', 'MeanDifference', 'DistributionSummary'],
  ...['ReadingLatencies', 'DriftReference', 'DriftDay', 'DriftMeasure', 'DriftAlert'],
]);
const HARMLESS_NAMES =
  /^(Model\w*|Executed\w*|StageTimings|InferenceTimings|Timings|HeatMap|Code\w*|Dicom(Node|Transfer)\w*|Dimse\w*|Remote(Studies)|NodeEcho|ApiKey\w*|Identity\w*|IngestResult|FindingModel|DeidentifiedFindingModel|Audit\w*|BreakGlassOpened|\w+(Payload|Connection|Edge))$/;

it('notes every type that speaks of a patient', async () => {
  const schema = await buildGatewaySchema();
  const unknown = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
    .map(({ name }) => name)
    .filter((name) => !NOTED_TYPES.includes(name) && !HARMLESS.has(name) && !HARMLESS_NAMES.test(name));
  expect(unknown).toEqual([]);
});

describe('disclosures', () => {
  const unasked = () => Promise.reject(new Error('nothing is unknown'));

  it('are one entry a patient, with each id once', async () => {
    const disclosures = new Disclosures();
    for (let twice = 0; twice < 2; twice += 1) {
      disclosures.note({ patientId: 'p1' });
      disclosures.note({ studyId: 's1', patientId: 'p1' });
      disclosures.note({ studyId: 's1', instanceId: 'i1' });
      disclosures.note({ studyId: 's2', patientId: 'p1', inferenceId: 'r1', modelVersionId: 'm1' });
      disclosures.note({ studyId: 's3', patientId: 'p2', inferenceId: 'r2', findingId: 'f1', modelVersionId: 'm1' });
    }
    expect(await disclosures.entries(unasked)).toEqual([
      {
        action: 'READ',
        patientId: 'p1',
        studyIds: ['s1', 's2'],
        instanceIds: ['i1'],
        inferenceIds: ['r1'],
        findingIds: [],
        modelVersionIds: ['m1'],
      },
      {
        action: 'READ',
        patientId: 'p2',
        studyIds: ['s3'],
        instanceIds: [],
        inferenceIds: ['r2'],
        findingIds: ['f1'],
        modelVersionIds: ['m1'],
      },
    ]);
  });

  it('ask whose the studies are of which only parts were shown, and record those of nobody too', async () => {
    const disclosures = new Disclosures();
    disclosures.note({ studyId: 's1', instanceId: 'i1' });
    disclosures.note({ studyId: 's2' });
    const entries = await disclosures.entries(async (ids) => {
      expect(ids).toEqual(['s1', 's2']);
      return new Map([['s1', 'p1']]);
    });
    expect(entries.map(({ patientId, studyIds }) => [patientId, studyIds])).toEqual([
      ['p1', ['s1']],
      [undefined, ['s2']],
    ]);
  });

  it('of nothing are none, and what belongs to no patient is nobody’s', async () => {
    const disclosures = new Disclosures();
    disclosures.note({ modelVersionId: 'm1', patientId: null, studyId: undefined });
    expect(disclosures.empty).toBe(true);
    expect(await disclosures.entries(unasked)).toEqual([]);
  });
});

describe('the name of an operation', () => {
  it.each([
    ['{ study { id } }', 'query study'],
    ['query Mine { b: study { id } a: patient { id } study { id } }', 'query patient, study'],
    ['mutation M { ...F } fragment F on Mutation { cancelInference { id } ...F }', 'mutation cancelInference'],
    ['subscription { ... on Subscription { findingsCompleted { cursor } } }', 'subscription findingsCompleted'],
    [`{ ${'abcdefghijkl'.split('').join(' ')} }`, 'query a, b, c, d, e, f, g, h, i, j, ...'],
    ['query A { a } query B { b }', 'operation'],
  ])('%s', (source, name) => {
    expect(operationNameOf(parse(source))).toBe(name);
  });

  it('is that of the operation that runs', () => {
    expect(operationNameOf(parse('query A { a } query B { b }'), 'B')).toBe('query b');
  });
});
