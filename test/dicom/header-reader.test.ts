import { describe, expect, test } from 'vitest';
import { HeaderReader, type HeaderReaderOptions } from '../../src/dicom/header-reader.ts';
import { makePhantom } from '../../src/dicom/phantom.ts';
import { errorOf, fileOf, LIMITS } from './support.ts';

const options = (more: Partial<HeaderReaderOptions> = {}): HeaderReaderOptions => ({
  threads: 1,
  deadlineMs: 20_000,
  limits: LIMITS,
  ...more,
});
const workerFile = (name: string): URL => new URL(`./workers/${name}-worker.ts`, import.meta.url);
const ENDLESS = workerFile('endless');
const DYING = workerFile('dying');

test('a film is read and passed through the gate', async () => {
  await using reader = new HeaderReader(options());
  const path = await fileOf(makePhantom({ seed: 4, rows: 128, columns: 128 }));
  const { header, eligibility } = await reader.read(path);
  expect(header.patient.name).toBe('PHANTOM^FOUR');
  expect(eligibility).toEqual({ verdict: 'READ', reasons: [] });
});

test('errors keep code, message and UIDs between threads', async () => {
  await using reader = new HeaderReader(options());
  const film = makePhantom({ seed: 4, rows: 128, columns: 128 });
  const error = await errorOf(reader.read(await fileOf(film.subarray(0, film.length - 2))));
  expect(error.code).toBe('TRUNCATED_FILE');
  expect(error.message).toMatch(/^The file ends at byte .* Send the complete file again\.$/);
  expect(error.details.sopClassUid).toBe('1.2.840.10008.5.1.4.1.1.1.1');
});

test('200 films at once are read by two threads', async () => {
  await using reader = new HeaderReader(options({ threads: 2 }));
  const path = await fileOf(makePhantom({ seed: 5, rows: 32, columns: 32 }));
  const readings = await Promise.all(Array.from({ length: 200 }, () => reader.read(path)));
  expect(new Set(readings.map(({ header }) => header.sopInstanceUid)).size).toBe(1);
});

describe('bounds', () => {
  test('a parse past its deadline is ended and malformed', async () => {
    await using reader = new HeaderReader(options({ workerFile: ENDLESS, deadlineMs: 100 }));
    const error = await errorOf(reader.read('film'));
    expect(error.code).toBe('MALFORMED_DICOM');
    expect(error.message).toContain('could not be parsed within 100 ms');
  });

  test('a film that waits too long for a thread is not malformed: the gateway is busy', async () => {
    await using reader = new HeaderReader(options({ workerFile: ENDLESS, deadlineMs: 1000, maxWaitMs: 100 }));
    const [first, second] = await Promise.all([errorOf(reader.read('first')), errorOf(reader.read('second'))]);
    expect(first.code).toBe('MALFORMED_DICOM');
    expect(second.code).toBe('BUSY');
  });

  test('more films than may wait are refused at once', async () => {
    await using reader = new HeaderReader(options({ workerFile: ENDLESS, deadlineMs: 200, maxQueue: 1 }));
    const outcomes = await Promise.all([1, 2, 3, 4].map((each) => errorOf(reader.read(`film ${each}`))));
    expect(outcomes.map((error) => error.code).sort()).toEqual(['BUSY', 'BUSY', 'MALFORMED_DICOM', 'MALFORMED_DICOM']);
    const busy = outcomes.find((error) => error.code === 'BUSY');
    expect(busy?.details.retryAfterSeconds).toBe(1);
  });

  test('disposal ends what is running and refuses what comes later', async () => {
    const reader = new HeaderReader(options({ workerFile: ENDLESS }));
    const running = errorOf(reader.read('film'));
    await reader[Symbol.asyncDispose]();
    expect((await running).code).toBe('SHUTTING_DOWN');
    expect((await errorOf(reader.read('film'))).code).toBe('SHUTTING_DOWN');
  });

  test('a caller may give up', async () => {
    await using reader = new HeaderReader(options({ workerFile: ENDLESS }));
    const reason = new Error('the sender left');
    await expect(reader.read('film', AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

test('a thread that dies is replaced', async () => {
  await using reader = new HeaderReader(options({ workerFile: DYING }));
  const path = await fileOf(makePhantom({ seed: 6, rows: 32, columns: 32 }));
  expect((await errorOf(reader.read('/fatal'))).code).toBe('WORKER_CRASHED');
  expect((await reader.read(path)).header.patient.name).toBe('PHANTOM^SIX');
});
