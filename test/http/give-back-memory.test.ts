import { expect, test } from 'vitest';
import { givingMemoryBack } from '../../src/http/multipart/give-back-memory.ts';

test('a piece that is all of its memory is empty once the next one is asked for, and others stay', async () => {
  const whole = Uint8Array.of(1, 2, 3);
  const memory = Uint8Array.of(4, 5, 6, 7);
  const part = memory.subarray(0, 2);
  const last = Uint8Array.of(8);
  async function* source() {
    yield whole;
    expect(whole).toHaveLength(0);
    yield part;
    yield last;
  }
  const read: number[][] = [];
  for await (const piece of givingMemoryBack(source())) read.push([...piece]);
  expect(read).toEqual([[1, 2, 3], [4, 5], [8]]);
  expect(memory).toEqual(Uint8Array.of(4, 5, 6, 7));
  expect(last).toHaveLength(0);
});

test('a reader that leaves ends the source', async () => {
  let ended = false;
  async function* source() {
    try {
      yield Uint8Array.of(1);
      yield Uint8Array.of(2);
    } finally {
      ended = true;
    }
  }
  for await (const _ of givingMemoryBack(source())) break;
  expect(ended).toBe(true);
});
