/** Thresholds and provenance through every part of a real gateway. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { readFilm } from '../src/dicom/film.ts';
import { makePhantom } from '../src/dicom/phantom.ts';
import { chooseThresholds } from '../src/inference/evaluate/choose-thresholds.ts';
import { nameProcessor, thisProcessor } from '../src/inference/processor.ts';
import { discoverModels, type ModelPackage } from '../src/inference/registry.ts';
import { resizeGrayscale } from '../src/inference/resize.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { graphql, stow, subscribe } from './support/client.ts';

interface Provenance {
  readonly thresholdSetVersion: number;
  readonly threshold: number;
  readonly inputMean: number;
  readonly inputDeviation: number;
}

interface FoundFinding {
  readonly id: string;
  readonly label: string;
  readonly probability: number;
  readonly positive: boolean;
  readonly threshold: number;
  readonly codes: readonly { readonly system: string; readonly value: string }[];
  readonly provenance: Provenance;
}

const FINDING = `id label probability positive threshold codes { system value display }
  provenance { modelName modelVersion modelDigest executedDigest precision preprocessingVersion grayscaleSource
    thresholdSetVersion threshold gatewayVersion runtime processor inputMean inputDeviation filmSha256 transferSyntaxUid
    attempts queuedAt startedAt completedAt timings { waitMs readMs decodeMs preprocessMs inferenceMs } }`;

const COMPLETED = `subscription($after: String) { findingsCompleted(after: $after) { findings { ${FINDING} } } }`;

const SET = `mutation($input: SetModelThresholdsInput!) { setModelThresholds(input: $input) {
  unchosen request { id } thresholdSet { version method reason createdBy thresholds { label threshold } }
  modelVersion { thresholds { label threshold } thresholdSets { version } labels { name threshold } } } }`;

interface Set {
  readonly setModelThresholds: {
    readonly unchosen: readonly string[];
    readonly thresholdSet: { readonly version: number; readonly method: string };
    readonly modelVersion: {
      readonly thresholds: readonly { readonly label: string; readonly threshold: number }[];
      readonly thresholdSets: readonly { readonly version: number }[];
      readonly labels: readonly { readonly name: string; readonly threshold: number }[];
    };
  };
}

let gateway: TestApp;
let model: ModelPackage;
let modelVersionId: string;
let seed = 7000;

beforeAll(async () => {
  const [shipped] = await discoverModels(resolve(import.meta.dirname, '..', 'models'));
  if (shipped === undefined) throw new Error('models/ is empty');
  model = shipped;
  gateway = await startTestApp();
  const { modelVersions } = await graphql<{ modelVersions: { nodes: { id: string }[] } }>(
    gateway.url,
    '{ modelVersions(first: 1) { nodes { id } } }',
  );
  modelVersionId = modelVersions.nodes[0]?.id ?? '';
});

afterAll(() => gateway?.[Symbol.asyncDispose]());

async function readPhantom(): Promise<{ readonly film: Uint8Array; readonly findings: readonly FoundFinding[] }> {
  await using live = await subscribe<{ findingsCompleted: { findings: FoundFinding[] } }>(gateway.url, COMPLETED);
  seed += 1;
  const film = makePhantom({ seed, rows: 256, columns: 256 });
  expect((await stow(gateway.url, [film])).status).toBe(200);
  return { film, findings: (await live.next()).findingsCompleted.findings };
}

const findingAgain = async (id: string) =>
  (
    await graphql<{ node: FoundFinding }>(
      gateway.url,
      `query($id: ID!) { node(id: $id) { ... on Finding { ${FINDING} } } }`,
      { id },
    )
  ).node;

const setThresholds = async (input: Record<string, unknown>) =>
  (await graphql<Set>(gateway.url, SET, { input: { modelVersionId, reason: 'a test', ...input } })).setModelThresholds;

describe('the provenance of a finding', () => {
  it('is all in one query', async () => {
    const { film, findings } = await readPhantom();
    const processor = nameProcessor(await thisProcessor());
    const { name, version, sha256, preprocessing } = model.manifest;
    for (const { provenance, threshold } of findings) {
      expect(provenance).toMatchObject({
        modelName: name,
        modelVersion: version,
        modelDigest: sha256,
        executedDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
        preprocessingVersion: `${preprocessing.grayscaleRule}/${preprocessing.version}`,
        grayscaleSource: expect.stringMatching(/^[A-Z_0-9]+$/),
        threshold,
        gatewayVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
        runtime: expect.stringMatching(/^onnxruntime-node \d+\.\d+\.\d+, node v\d+/),
        processor,
        filmSha256: createHash('sha256').update(film).digest('hex'),
        transferSyntaxUid: '1.2.840.10008.1.2.1',
        attempts: 1,
        queuedAt: expect.any(String),
        startedAt: expect.any(String),
        completedAt: expect.any(String),
        timings: { waitMs: expect.any(Number), inferenceMs: expect.any(Number) },
      });
    }
    const provenance = findings[0]?.provenance;
    const expected = await greyOf(film);
    expect(provenance?.inputMean).toBeCloseTo(expected.mean, 6);
    expect(provenance?.inputDeviation).toBeCloseTo(expected.deviation, 6);
  });

  it('is kept for the reading too', async () => {
    await readPhantom();
    const { inferences } = await graphql<{ inferences: { nodes: { provenance: object }[] } }>(
      gateway.url,
      '{ inferences(first: 1) { nodes { provenance { executedDigest thresholdSetVersion filmSha256 inputMean } } } }',
    );
    expect(inferences.nodes[0]?.provenance).toMatchObject({ inputMean: expect.any(Number) });
  });
});

describe('new thresholds', () => {
  it('apply to films that are read from then on; findings that are there never change', async () => {
    const before = await readPhantom();
    const first = before.findings.find(({ label }) => label === 'Effusion');
    if (first === undefined) throw new Error('no such finding');
    const { thresholdSet, modelVersion } = await setThresholds({
      thresholds: [{ label: 'Effusion', threshold: first.positive ? 1 : 0 }],
    });
    expect(thresholdSet).toMatchObject({ method: 'By hand.', createdBy: 'anonymous', reason: 'a test' });
    expect(modelVersion.thresholdSets[0]).toEqual({ version: thresholdSet.version });
    const after = await readPhantom();
    for (const finding of after.findings) {
      expect(finding.provenance.thresholdSetVersion).toBe(thresholdSet.version);
      expect(finding.positive).toBe(finding.probability >= finding.threshold);
      const registered = modelVersion.labels.find(({ name }) => name === finding.label)?.threshold;
      expect(finding.threshold).toBe(finding.label === 'Effusion' ? (first.positive ? 1 : 0) : registered);
    }
    expect(after.findings.find(({ label }) => label === 'Effusion')?.positive).toBe(!first.positive);
    expect(await findingAgain(first.id)).toEqual(first);
  });

  it('by YOUDEN are those of the evaluation, by which the manifest was made', async () => {
    const { modelVersion, thresholdSet, unchosen } = await setThresholds({ method: 'YOUDEN' });
    expect(thresholdSet.method).toContain('300 films');
    expect(unchosen).toEqual([]);
    expect(modelVersion.thresholds).toEqual(
      modelVersion.labels.map(({ name, threshold }) => ({ label: name, threshold })),
    );
  });

  it('by TARGET_SENSITIVITY reach the target on the films of the evaluation, and lower targets need no lower ones', async () => {
    const high = (await setThresholds({ method: 'TARGET_SENSITIVITY', target: 0.95 })).modelVersion.thresholds;
    const low = (await setThresholds({ method: 'TARGET_SENSITIVITY', target: 0.5 })).modelVersion.thresholds;
    high.forEach(({ threshold }, index) => {
      expect(threshold).toBeLessThanOrEqual(low[index]?.threshold ?? 0);
    });
  });

  it.each([
    [{}, 'either thresholds or a method'],
    [{ method: 'TARGET_SENSITIVITY' }, 'needs a target'],
    [{ method: 'YOUDEN', target: 0.5 }, 'nothing else takes one'],
    [{ method: 'TARGET_SENSITIVITY', target: 0 }, 'above 0'],
    [{ thresholds: [{ label: 'Unknown', threshold: 0.5 }] }, 'no label'],
    [
      {
        thresholds: [
          { label: 'Mass', threshold: 0.5 },
          { label: 'Mass', threshold: 0.6 },
        ],
      },
      'twice',
    ],
  ])('%j are refused', async (input, problem) => {
    await expect(setThresholds(input)).rejects.toThrow(problem);
  });
});

describe('choosing thresholds', () => {
  const withEvaluation = async (evaluation: object | undefined) => {
    const directory = await mkdtemp(join(tmpdir(), 'cxr-evaluation-'));
    if (evaluation !== undefined) await writeFile(join(directory, 'evaluation.json'), JSON.stringify(evaluation));
    const { manifest } = model;
    return chooseThresholds({ directory, manifest }, { kind: 'sensitivity', target: 0.75 }).finally(() =>
      rm(directory, { recursive: true }),
    );
  };
  const evaluation = (more: object = {}) => ({
    digests: { INT8: model.manifest.sha256 },
    dataSet: 'four films',
    films: 4,
    rule: { kind: 'youden' },
    chosenOn: 'INT8',
    labels: [
      {
        label: 'Mass',
        // Probabilities 0.9 and 0.5 of positive films, 0.7 and 0.1 of others.
        results: {
          INT8: {
            roc: [
              [0, 0],
              [0, 0.5],
              [0.5, 0.5],
              [0.5, 1],
              [1, 1],
            ],
            rocThresholds: [0.95, 0.8, 0.6, 0.3, 0.05],
            chosen: { threshold: 0.3 },
          },
        },
      },
      { label: 'Nodule', results: { INT8: { roc: [], rocThresholds: [], chosen: null } } },
    ],
    ...more,
  });

  it('takes the corner that reaches the target; labels without both kinds of films have none', async () => {
    expect(await withEvaluation(evaluation())).toEqual({ thresholds: { Mass: 0.3 }, dataSet: 'four films', films: 4 });
  });

  it('says what is wrong with an evaluation', async () => {
    await expect(withEvaluation(undefined)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(withEvaluation({})).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await expect(withEvaluation(evaluation({ digests: { INT8: 'ab' } }))).rejects.toThrow('other ONNX files');
  });
});

/** Mean and deviation of the grey film, added up one by one. */
async function greyOf(bytes: Uint8Array): Promise<{ readonly mean: number; readonly deviation: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-grey-'));
  try {
    const path = join(folder, 'film.dcm');
    await writeFile(path, bytes);
    const { film } = await readFilm(path, loadConfig({}, {}).film);
    const { height, width } = model.manifest.input;
    const grey = [...resizeGrayscale(film, height, width)];
    const mean = grey.reduce((sum, value) => sum + value, 0) / grey.length;
    const variance = grey.reduce((sum, value) => sum + (value - mean) ** 2, 0) / grey.length;
    return { mean, deviation: Math.sqrt(variance) };
  } finally {
    await rm(folder, { recursive: true });
  }
}
