import { describe, expect, test } from 'vitest';
import { NativeGate } from '../../src/inference/native-gate.ts';
import { codeOf } from './support.ts';

/** Both ends of a gate, as the two threads have them. */
function gates() {
  const main = new NativeGate();
  return { main, worker: new NativeGate(main.word) };
}

describe('NativeGate', () => {
  test('lets calls through, and their errors', async () => {
    const { worker } = gates();
    expect(await worker.native(async () => 'value')).toBe('value');
    await expect(worker.native(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await worker.native(async () => 'again')).toBe('again');
  });

  test('a task ended between calls may lose its thread, and makes no further call', async () => {
    const { main, worker } = gates();
    await worker.native(async () => {});
    expect(main.end()).toBe('JAVASCRIPT');
    let called = false;
    const call = worker.native(async () => {
      called = true;
    });
    expect(await codeOf(call)).toBe('INFERENCE_CANCELLED');
    expect(called).toBe(false);
  });

  test('a task ended within a call keeps its thread, and learns of it when the call returns', async () => {
    const { main, worker } = gates();
    const { promise, resolve } = Promise.withResolvers<void>();
    const call = codeOf(worker.native(() => promise));
    expect(main.end()).toBe('NATIVE');
    resolve();
    expect(await call).toBe('INFERENCE_CANCELLED');
  });
});
