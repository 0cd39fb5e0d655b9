/** The verdicts of making a finding again, on readings that differ by known amounts. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { GatewayError } from '../src/errors.ts';
import type { Reading } from '../src/inference/reading.ts';
import { reproduce } from '../src/reproduce.ts';
import type { RecordedFinding } from '../src/store/reads/recorded-finding.ts';
import { shippedModel } from './inference/support.ts';

const FILM = 'the bytes of a film';

let folder: string;
let model: Awaited<ReturnType<typeof shippedModel>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cxr-film-'));
  await writeFile(join(folder, 'film'), FILM);
  model = await shippedModel();
});
afterAll(() => rm(folder, { recursive: true }));

const recorded = (more: Partial<RecordedFinding> = {}): RecordedFinding => ({
  ...{ findingId: 'f', inferenceId: 'i', instanceId: 'n', studyId: 's', patientId: 'p', modelVersionId: 'm' },
  ...{ label: 'Mass', probability: 0.25, heatMapValues: [1, -2], executedDigest: model.digest },
  ...{ preprocessingVersion: 'steps', gatewayVersion: '1.0.0', runtime: 'runtime', processor: 'this one' },
  ...{ modelName: 'model', modelVersion: '1', modelDigest: model.digest, blobKey: 'film' },
  filmSha256: createHash('sha256').update(FILM).digest('hex'),
  ...more,
});

const reading = (probability: number, heatMap: number[], verdict: 'READ' | 'INELIGIBLE' = 'READ'): Reading => ({
  ...{ digest: model.digest, precision: 'INT8', heatMapRows: 1, heatMapColumns: 2, grayscale: 'VOI_WINDOW' },
  ...{ preprocessingVersion: 'steps', input: null, runtime: 'runtime', evidence: { verdict, reasons: [] } },
  scores: verdict === 'READ' ? [{ label: 'Mass', probability, threshold: 0.5, positive: false, heatMap }] : [],
  timings: { readMs: 0, decodeMs: 0, preprocessMs: 0, inferenceMs: 0 },
});

const again = (now: Reading | GatewayError, more: Partial<RecordedFinding> = {}, processor = 'this one') => {
  const { film: limits, gate } = loadConfig({}, {});
  const blobPath = (key: string) => join(folder, key);
  const options = { limits, gate, blobPath, models: [model], processor, gatewayVersion: '1.0.0' };
  return reproduce(recorded(more), {
    ...options,
    read: async () => {
      if (now instanceof GatewayError) throw now;
      return now;
    },
  });
};

describe('reproduce', () => {
  it.each([
    ['BIT_EQUAL', 0.25, [1, -2], 'this one'],
    ['BIT_EQUAL', 0.25, [1, -2], 'another'],
    ['WITHIN_TOLERANCE', 0.2500005, [1, -2.00005], 'this one'],
    ['DIFFERENT', 0.2500005, [1, -2.00005], 'another'],
    ['DIFFERENT', 0.250002, [1, -2], 'this one'],
    ['DIFFERENT', 0.25, [1, -2.001], 'this one'],
    ['DIFFERENT', 0.25, [1], 'this one'],
  ])('says %s of %d and %j on %s processor', async (verdict, probability, heatMap, processor) => {
    const result = await again(reading(probability, heatMap), {}, processor);
    expect(result.verdict).toBe(verdict);
    expect(result.probability.difference).toBeCloseTo(probability - 0.25, 12);
  });

  it('is refused where it cannot be told what ran, or the film may not be read', async () => {
    await expect(again(reading(0.25, []), { executedDigest: null })).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await expect(again(reading(0, [], 'INELIGIBLE'))).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });

  it('is different where the film is another, though the numbers be the same', async () => {
    const altered = { filmSha256: 'ab'.repeat(32) };
    expect(await again(reading(0.25, [1, -2]), altered)).toMatchObject({
      verdict: 'DIFFERENT',
      probability: { now: 0.25, difference: 0 },
      heatMap: { largestDifference: 0 },
      film: { recorded: altered.filmSha256, now: recorded().filmSha256 },
    });
    const refused = await again(reading(0, [], 'INELIGIBLE'), altered);
    expect(refused).toMatchObject({
      verdict: 'DIFFERENT',
      unreadable: { code: 'INVALID_STATE' },
      probability: { recorded: 0.25, now: null, difference: null },
      heatMap: { largestDifference: null },
    });
    const broken = await again(new GatewayError('TRUNCATED_FILE', 'It ends early.'), altered);
    expect(broken).toMatchObject({
      verdict: 'DIFFERENT',
      unreadable: { code: 'TRUNCATED_FILE' },
      engine: { now: null },
    });
  });

  it('does not blame the film for what the model lacks', async () => {
    const broken = new GatewayError('MODEL_DIGEST_MISMATCH', 'Other bytes.');
    await expect(again(broken, { filmSha256: 'ab' })).rejects.toMatchObject({ code: broken.code });
    await expect(again(new GatewayError('TRUNCATED_FILE', 'It ends early.'))).rejects.toMatchObject({
      code: 'TRUNCATED_FILE',
    });
  });

  it('is refused without the film, the model or its file', async () => {
    await expect(again(reading(0, []), { blobKey: 'none' })).rejects.toMatchObject({ code: 'BLOB_UNREADABLE' });
    await expect(again(reading(0, []), { modelDigest: 'ab' })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await expect(again(reading(0, []), { executedDigest: 'ab' })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});
