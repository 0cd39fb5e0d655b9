import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { enginesOf } from '../../src/inference/engine.ts';
import { EngineChoice, type EngineChoiceOptions } from '../../src/inference/engine-choice.ts';
import { InferencePool } from '../../src/inference/pool.ts';
import { accumulatesIn32Bits, type Processor, thisProcessor } from '../../src/inference/processor.ts';
import type { ModelReference } from '../../src/inference/reading.ts';
import { discoverModels, type ModelPackage } from '../../src/inference/registry.ts';
import { ModelSession } from '../../src/inference/session.ts';
import type { Log, LogFields } from '../../src/log.ts';
import { modelWithAlternative } from '../support/model-with-alternative.ts';
import { sharedData } from '../support/shared.ts';
import { codeOf, limits, modelFolder, shippedModel, temporaryFolder, writeFilm } from './support.ts';

const VNNI: Processor = { model: 'with VNNI', architecture: 'x64', flags: ['avx2', 'avx512_vnni'] };
const NO_VNNI: Processor = { model: 'without VNNI', architecture: 'x64', flags: ['avx2'] };

/** A pool of one real thread that counts how often it measures. */
class CountingPool extends InferencePool {
  measurements = 0;

  constructor() {
    super({ threads: 1, intraOpThreads: 1, timeoutMs: 30_000 });
  }

  override measureEngines(engines: readonly ModelReference[]) {
    this.measurements += 1;
    return super.measureEngines(engines);
  }
}

class RecordingLog implements Log {
  readonly events: { readonly event: string; readonly fields: LogFields | undefined }[] = [];
  readonly debug = this.#record();
  readonly info = this.#record();
  readonly warn = this.#record();
  readonly error = this.#record();

  #record() {
    return (event: string, fields?: LogFields) => void this.events.push({ event, fields });
  }
}

async function setUp() {
  const cacheFile = join(await temporaryFolder(), 'data', 'engine-choice.json');
  const log = new RecordingLog();
  const pool = new CountingPool();
  const choice = (changes: Partial<EngineChoiceOptions> = {}) =>
    new EngineChoice({ pool, processor: VNNI, intraOpThreads: 1, precision: 'auto', cacheFile, log, ...changes });
  return { cacheFile, log, pool, choice, [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() };
}

async function alternative(
  ...[kind, documentation]: [Parameters<typeof modelWithAlternative>[1], string?]
): Promise<ModelPackage> {
  return modelWithAlternative(await temporaryFolder(), kind, documentation);
}

const FP32 = { precision: 'FP32' } as const;
const INT8_7_BITS = { precision: 'INT8', weightBits: 7 } as const;

describe('EngineChoice', () => {
  test('times every exact engine, logs all figures and serves the faster', async () => {
    await using set = await setUp();
    const model = await alternative(FP32);
    const engine = await set.choice().engineOf(model);
    const measured = set.log.events.filter(({ event }) => event === 'engine.measured').map(({ fields }) => fields);
    expect(measured).toMatchObject([
      { digest: model.digest, precision: 'INT8', weightBits: 8, milliseconds: expect.any(Number) },
      { digest: model.manifest.alternatives?.[0]?.sha256, weightBits: 32, milliseconds: expect.any(Number) },
    ]);
    const fastest = Math.min(...measured.map((fields) => fields?.milliseconds ?? 0));
    expect(fastest).toBeGreaterThan(0);
    const chosen = set.log.events.filter(({ event }) => event === 'engine.chosen').map(({ fields }) => fields);
    expect(chosen).toMatchObject([{ digest: engine.digest, setting: 'auto', processor: 'with VNNI' }]);
    expect(measured.find((fields) => fields?.digest === engine.digest)?.milliseconds).toBe(fastest);
  });

  test('measures once, for callers at once and for the next start, until a condition changes', async () => {
    await using set = await setUp();
    const model = await alternative(FP32);
    const choice = set.choice();
    const [first, second] = await Promise.all([choice.engineOf(model), choice.engineOf(model)]);
    expect(second).toBe(first);
    expect(await set.choice().engineOf(model)).toEqual(first);
    expect(set.pool.measurements).toBe(1);
    await set.choice({ processor: { ...VNNI, model: 'another' } }).engineOf(model);
    expect(set.pool.measurements).toBe(2);
    await set.choice({ intraOpThreads: 2 }).engineOf(model);
    expect(set.pool.measurements).toBe(3);
    await set.choice().engineOf(await alternative(FP32, 'another alternative'));
    expect(set.pool.measurements).toBe(4);
    await set.choice().engineOf(model);
    expect(set.pool.measurements).toBe(4);
  });

  test('leaves 7-bit weights out where 8-bit ones are exact', async () => {
    await using set = await setUp();
    const model = await alternative(INT8_7_BITS);
    expect((await set.choice().engineOf(model)).digest).toBe(model.digest);
    const measured = set.log.events.filter(({ event }) => event === 'engine.measured');
    expect(measured).toHaveLength(1);
  });

  test.each(['{', '{"schemaVersion":1,"measurements":[{"key":1}]}', ''])('ignores a bad cache: %s', async (content) => {
    await using set = await setUp();
    const model = await shippedModel();
    await set.choice().engineOf(model);
    await writeFile(set.cacheFile, content);
    await set.choice().engineOf(model);
    expect(set.pool.measurements).toBe(2);
    await set.choice().engineOf(model);
    expect(set.pool.measurements).toBe(2);
  });

  test('serves without a cache where its file cannot be written', async () => {
    await using set = await setUp();
    const model = await shippedModel();
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    const engine = await set.choice({ cacheFile: join(file, 'engine-choice.json') }).engineOf(model);
    expect(enginesOf(model.manifest)).toContainEqual(engine);
    expect(set.log.events.map(({ event }) => event)).toContain('engine.cache-unwritable');
  });

  test.each(['FP32', 'INT8'] as const)(
    'without VNNI serves a 7-bit or FP32 alternative only (%s)',
    async (precision) => {
      await using set = await setUp();
      const model = await alternative(precision === 'FP32' ? { precision } : INT8_7_BITS);
      const engine = await set.choice({ processor: NO_VNNI }).engineOf(model);
      expect(engine).toMatchObject({ file: 'alternative.onnx', precision });
      expect(set.log.events.filter(({ event }) => event === 'engine.measured')).toHaveLength(1);
    },
  );

  test('refuses a model without an exact engine, naming the processor and the remedy', async () => {
    await using set = await setUp();
    const { alternatives: _, ...manifest } = (await shippedModel()).manifest;
    const model = { ...(await shippedModel()), manifest };
    await expect(set.choice({ processor: NO_VNNI }).engineOf(model)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/without VNNI.*7-bit weights or FP32/),
    });
    expect(set.pool.measurements).toBe(0);
  });

  test('obeys INFERENCE_PRECISION, and refuses one that no exact engine has', async () => {
    await using set = await setUp();
    const model = await alternative({ precision: 'FP32' });
    expect(await set.choice({ precision: 'fp32' }).engineOf(model)).toMatchObject({ precision: 'FP32' });
    expect(await set.choice({ precision: 'int8' }).engineOf(model)).toMatchObject({ precision: 'INT8' });
    expect(set.pool.measurements).toBe(1);
    const refused = set.choice({ precision: 'int8', processor: NO_VNNI }).engineOf(model);
    await expect(refused).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/INFERENCE_PRECISION is int8.*exact here are: FP32/),
    });
    const noFloat = set.choice({ precision: 'fp32' }).engineOf(await alternative(INT8_7_BITS));
    expect(await codeOf(noFloat)).toBe('CONFIG_INVALID');
  });

  test('tries again after a measurement that failed', async () => {
    await using set = await setUp();
    const model = await shippedModel();
    const choice = set.choice();
    const elsewhere = { ...model, directory: await temporaryFolder() };
    expect(await codeOf(choice.engineOf(elsewhere))).toBe('MODEL_INVALID');
    expect(await choice.engineOf(model)).toMatchObject({ digest: expect.any(String) });
  });
});

describe('an alternative', () => {
  test('reads films, and the reading tells which file ran', async () => {
    await using set = await setUp();
    const model = await alternative({ precision: 'FP32' });
    const digest = model.manifest.alternatives?.[0]?.sha256 ?? '';
    const path = await writeFilm(join(await temporaryFolder(), 'film.dcm'));
    const reading = await set.pool.read({ path, limits, model: { ...model, digest } });
    expect(reading).toMatchObject({ digest, precision: 'FP32' });
    expect(await set.pool.read({ path, limits, model })).toMatchObject({ digest: model.digest, precision: 'INT8' });
  });

  test('with other bytes than the manifest names is refused at discovery and at loading', async () => {
    const model = await alternative(INT8_7_BITS);
    await writeFile(join(model.directory, 'alternative.onnx'), 'other bytes');
    const discovered = discoverModels(join(model.directory, '..'));
    await expect(discovered).rejects.toMatchObject({
      code: 'MODEL_DIGEST_MISMATCH',
      message: expect.stringContaining('alternative.onnx'),
    });
    const digest = model.manifest.alternatives?.[0]?.sha256 ?? '';
    expect(await codeOf(ModelSession.load({ ...model, digest }, 1))).toBe('MODEL_DIGEST_MISMATCH');
  });
});

const shared = sharedData();

const vnni = accumulatesIn32Bits(await thisProcessor());

describe.skipIf(shared === undefined || !vnni)(
  'the FP32 graph of the demonstration model (needs ../shared, VNNI)',
  () => {
    test('is slower than the INT8 graph', async () => {
      await using set = await setUp();
      const bytes = await readFile(join(shared ?? '', 'model', 'chexnet-demo.fp32.onnx'));
      // Its output has another name than that of the INT8 graph, so the two cannot be engines of one version.
      const float = await modelFolder(
        await temporaryFolder(),
        'float',
        ({ alternatives: _, weightBits: __, ...manifest }) => ({
          ...manifest,
          precision: 'FP32',
          outputs: { probability: 'probability', logit: null, classActivationMap: null },
        }),
        bytes,
      );
      const [measured] = await set.pool.measureEngines([float]);
      const [int8] = await set.pool.measureEngines([await shippedModel()]);
      expect(measured?.milliseconds).toBeGreaterThan(int8?.milliseconds ?? Number.POSITIVE_INFINITY);
    });
  },
);
