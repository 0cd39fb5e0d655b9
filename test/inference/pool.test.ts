import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makePhantom } from '../../src/dicom/phantom.ts';
import { JPEG_2000_LOSSLESS } from '../../src/dicom/transfer-syntaxes.ts';
import { InferencePool, type InferencePoolOptions, type ReadTask } from '../../src/inference/pool.ts';
import { recoded } from '../support/encoded-films.ts';
import { ENCODERS } from '../support/encoders.ts';
import { codeOf, limits, shippedModel, temporaryFolder, writeFilm } from './support.ts';

const unrulyWorker = new URL('./unruly-worker.ts', import.meta.url);
const brokenWorker = new URL('./broken-worker.ts', import.meta.url);

/** Far more than a film takes, even while other tests keep the machine busy and a thread has to start first. */
const PATIENT_MS = 30_000;

function newPool(options: Partial<InferencePoolOptions> = {}): InferencePool {
  const pool = new InferencePool({
    threads: 1,
    intraOpThreads: 1,
    timeoutMs: PATIENT_MS,
    workerFile: unrulyWorker,
    ...options,
  });
  onTestFinished(() => pool[Symbol.asyncDispose]());
  return pool;
}

/** Tasks for films of a folder by name; `film.dcm` exists, the others need not. */
async function newTasks(): Promise<(name: string) => ReadTask> {
  const folder = await temporaryFolder();
  await writeFilm(join(folder, 'film.dcm'));
  const model = await shippedModel();
  return (name) => ({ path: join(folder, name), model, limits });
}

/** More than half a megabyte of code: smaller films are decoded by one thread. */
async function jpeg2000Film(): Promise<Buffer> {
  const encode = ENCODERS[JPEG_2000_LOSSLESS];
  if (encode === undefined) throw new Error('no encoder');
  return recoded(makePhantom({ seed: 5, rows: 1024, columns: 1024 }), JPEG_2000_LOSSLESS, encode);
}

describe('InferencePool', () => {
  test('reads on two threads, each with its session, and always the same', async () => {
    const task = await newTasks();
    const pool = newPool({ threads: 2, workerFile: undefined });
    expect(pool.threads).toBe(2);
    expect(pool.freeThreads).toBe(2);
    const { model } = task('film.dcm');
    await pool.warmUp(model);
    const readings = await Promise.all(Array.from({ length: 12 }, () => pool.read(task('film.dcm'))));
    const [first] = readings;
    expect(first).toMatchObject({
      digest: model.digest,
      heatMapRows: 4,
      heatMapColumns: 4,
      grayscale: 'VOI_WINDOW',
      preprocessingVersion: 'grayscale-1/whole-film-1',
    });
    for (const reading of readings) expect(reading.scores).toEqual(first?.scores);
    for (const score of first?.scores ?? []) {
      expect(score.heatMap).toHaveLength(16);
      expect(score.positive).toBe(score.probability >= score.threshold);
    }
    for (const stage of ['readMs', 'decodeMs', 'preprocessMs', 'inferenceMs'] as const) {
      expect(first?.timings[stage]).toBeGreaterThan(0);
    }
    expect(pool.statistics).toMatchObject({ busy: 0, waiting: 0, readings: 12, failed: {} });
  });

  test('hands on the coded error of a film, and goes on', async () => {
    const task = await newTasks();
    const pool = newPool();
    expect(await codeOf(pool.read({ ...task('film.dcm'), path: import.meta.filename }))).toBe('NOT_DICOM');
    const model = { ...task('film.dcm').model, digest: '0'.repeat(64) };
    expect(await codeOf(pool.read({ ...task('film.dcm'), model }))).toBe('MODEL_DIGEST_MISMATCH');
    expect(await codeOf(pool.read(task('film.dcm')))).toBe('FULFILLED');
    expect(pool.statistics.failed).toEqual({ NOT_DICOM: 1, MODEL_DIGEST_MISMATCH: 1 });
  });

  test.each(['exit.dcm', 'throw.dcm', 'reject.dcm'])('%s fails alone: its thread is replaced', async (poison) => {
    const task = await newTasks();
    const crashes: unknown[] = [];
    const pool = newPool({ onWorkerCrash: (cause) => crashes.push(cause) });
    const codes = await Promise.all(
      [poison, 'film.dcm', poison, 'film.dcm'].map((name) => codeOf(pool.read(task(name)))),
    );
    expect(codes).toEqual(['WORKER_CRASHED', 'FULFILLED', 'WORKER_CRASHED', 'FULFILLED']);
    expect(crashes).toHaveLength(2);
    expect(pool.freeThreads).toBe(1);
  });

  test('a film that hangs ends at its deadline while the others are read on the other thread', async () => {
    const task = await newTasks();
    const pool = newPool({ threads: 2, timeoutMs: 3000 });
    await pool.warmUp(task('film.dcm').model);
    const hanging = codeOf(pool.read(task('hang.dcm')));
    const others = await Promise.all(Array.from({ length: 8 }, () => codeOf(pool.read(task('film.dcm')))));
    expect(others).toEqual(Array(8).fill('FULFILLED'));
    expect(pool.freeThreads).toBe(1);
    expect(await hanging).toBe('INFERENCE_TIMEOUT');
    expect(pool.freeThreads).toBe(2);
    expect(await Promise.all([task('film.dcm'), task('film.dcm')].map((film) => codeOf(pool.read(film))))).toEqual([
      'FULFILLED',
      'FULFILLED',
    ]);
  });

  test('cancels what runs, what waits, and what comes cancelled', async () => {
    const task = await newTasks();
    const pool = newPool();
    const running = new AbortController();
    const waiting = new AbortController();
    const first = codeOf(pool.read(task('hang.dcm'), running.signal));
    const second = codeOf(pool.read(task('film.dcm'), waiting.signal));
    const third = codeOf(pool.read(task('film.dcm')));
    expect(pool.statistics).toMatchObject({ busy: 1, waiting: 2 });
    waiting.abort();
    expect(await second).toBe('INFERENCE_CANCELLED');
    expect(pool.statistics).toMatchObject({ busy: 1, waiting: 1 });
    running.abort();
    expect(await first).toBe('INFERENCE_CANCELLED');
    expect(await third).toBe('FULFILLED');
    expect(await codeOf(pool.read(task('film.dcm'), AbortSignal.abort()))).toBe('INFERENCE_CANCELLED');
    expect(pool.freeThreads).toBe(1);
  });

  // onnxruntime-node aborts the process when its thread is terminated within a call: see native-gate.ts.
  test('survives a cancellation at any moment', async () => {
    const task = await newTasks();
    const pool = newPool({ threads: 2 });
    for (let delay = 0; delay < 120; delay += 4) {
      const [cancelled, other] = await Promise.all([
        codeOf(pool.read(task('film.dcm'), AbortSignal.timeout(delay))),
        codeOf(pool.read(task('film.dcm'))),
      ]);
      expect(['FULFILLED', 'INFERENCE_CANCELLED']).toContain(cancelled);
      expect(other).toBe('FULFILLED');
    }
    expect(pool.statistics.failed.INFERENCE_CANCELLED).toBeGreaterThan(0);
  });

  // The idle thread's core decodes one band of a large JPEG 2000 film; a busy pool decodes it whole.
  test('reads a JPEG 2000 film the same alone and in a crowd, and survives its cancellation', async () => {
    const task = await newTasks();
    const pool = newPool({ threads: 2, workerFile: undefined });
    const path = join(await temporaryFolder(), 'film.dcm');
    await writeFile(path, await jpeg2000Film());
    const film = { ...task('film.dcm'), path };
    const alone = await pool.read(film);
    const crowd = await Promise.all([pool.read(film), pool.read(film), pool.read(film)]);
    for (const { scores } of crowd) expect(scores).toEqual(alone.scores);
    for (const delay of [1, 30, 90]) {
      const outcome = await codeOf(pool.read(film, AbortSignal.timeout(delay)));
      expect(['FULFILLED', 'INFERENCE_CANCELLED']).toContain(outcome);
    }
    expect((await pool.read(film)).scores).toEqual(alone.scores);
  });

  test('refuses more than the line holds', async () => {
    const task = await newTasks();
    const pool = newPool({ maxQueue: 1 });
    const hanging = new AbortController();
    const first = codeOf(pool.read(task('hang.dcm'), hanging.signal));
    const second = codeOf(pool.read(task('film.dcm')));
    await expect(pool.read(task('film.dcm'))).rejects.toMatchObject({
      code: 'BUSY',
      details: { retryAfterSeconds: 1 },
    });
    expect(pool.freeThreads).toBe(0);
    hanging.abort();
    expect(await first).toBe('INFERENCE_CANCELLED');
    expect(await second).toBe('FULFILLED');
  });

  test('says at once that its threads cannot start', async () => {
    const task = await newTasks();
    const pool = newPool({ workerFile: brokenWorker });
    expect(await codeOf(pool.read(task('film.dcm')))).toBe('WORKER_CRASHED');
    expect(await codeOf(pool.read(task('film.dcm')))).toBe('WORKER_CRASHED');
  });

  test('ends: what runs is finished, what waits and what comes is refused', async () => {
    const task = await newTasks();
    const pool = newPool();
    const running = codeOf(pool.read(task('film.dcm')));
    const waiting = codeOf(pool.read(task('film.dcm')));
    await pool[Symbol.asyncDispose]();
    expect(await running).toBe('FULFILLED');
    expect(await waiting).toBe('SHUTTING_DOWN');
    expect(await codeOf(pool.read(task('film.dcm')))).toBe('SHUTTING_DOWN');
    expect(pool.freeThreads).toBe(0);
  });

  test('ends at once when it must', async () => {
    const task = await newTasks();
    const pool = newPool({ threads: 2 });
    const codes = ['hang.dcm', 'film.dcm', 'film.dcm'].map((name) => codeOf(pool.read(task(name))));
    await pool.terminate();
    expect(await Promise.all(codes)).toEqual(Array(3).fill('SHUTTING_DOWN'));
  });

  test('draws previews and heat maps as PNG', async () => {
    const task = await newTasks();
    const pool = newPool();
    const { path } = task('film.dcm');
    const preview = decode(await pool.renderPreview(path, limits, 150));
    expect(preview).toMatchObject({ width: 130, height: 150, channels: 1, depth: 8 });
    const grid = { rows: 1, columns: 2, values: [-3, 1] };
    const heatMap = decode(await pool.renderHeatMap(path, limits, 150, grid));
    expect(heatMap).toMatchObject({ width: 130, height: 150, channels: 3, depth: 8 });
    expect(await codeOf(pool.renderPreview(import.meta.filename, limits, 150))).toBe('NOT_DICOM');
  });
});
