/** safetensors and half precision. */
import { describe, expect, it } from 'vitest';
import { floatToHalf } from '../../../src/inference/compile/checkpoint/half.ts';
import { readSafetensors, writeSafetensors } from '../../../src/inference/compile/checkpoint/safetensors.ts';
import { halfToFloat } from '../../../src/inference/compile/onnx/tensor.ts';
import { bytesOf } from './support/torch-net.ts';

const file = (header: string, data: Uint8Array): Buffer => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), data]);
};

const entry = (dtype: string, shape: number[], begin: number, end: number) =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

const state = new Map([
  ['b.weight', { dims: [2, 3], values: Float32Array.of(1, -2.5, 3, 4, 0.1, 65504) }],
  ['a.bias', { dims: [2], values: Float32Array.of(0.1, 1e-30) }],
]);

describe('safetensors', () => {
  it('gives back what was written in F32, in whatever order', () => {
    const bytes = writeSafetensors(state, 'F32');
    expect(readSafetensors(bytes)).toEqual(state);
    expect(writeSafetensors(new Map([...state].reverse()), 'F32')).toEqual(bytes);
    expect(Buffer.from(bytes).readBigUInt64LE() % 8n).toBe(0n);
  });

  it('rounds weights to half in F16 and keeps vectors', () => {
    const found = readSafetensors(writeSafetensors(state, 'F16'));
    expect(found.get('a.bias')).toEqual(state.get('a.bias'));
    expect([...(found.get('b.weight')?.values ?? [])]).toEqual([1, -2.5, 3, 4, 0.0999755859375, 65504]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 70_000])('does not write %s in F16', (value) => {
    const wrong = new Map([['w', { dims: [1, 1], values: Float32Array.of(value) }]]);
    expect(() => writeSafetensors(wrong, 'F16')).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  });

  it.each([
    ['F64', bytesOf(Float64Array.of(1, -2))],
    ['F32', bytesOf(Float32Array.of(1, -2))],
    ['F16', bytesOf(Uint16Array.of(0x3c00, 0xc000))],
    ['BF16', bytesOf(Uint16Array.of(0x3f80, 0xc000))],
  ])('reads %s', (dtype, bytes) => {
    const header = `{"__metadata__":{"format":"pt"},"x":${entry(dtype, [2], 0, bytes.length)}}`;
    expect([...(readSafetensors(file(header, bytes)).get('x')?.values ?? [])]).toEqual([1, -2]);
  });

  it.each([
    ['an overlap', `{"a":${entry('F32', [2], 0, 8)},"b":${entry('F32', [2], 4, 12)}}`, 12],
    ['a gap', `{"a":${entry('F32', [1], 0, 4)},"b":${entry('F32', [1], 8, 12)}}`, 12],
    ['a tensor beyond the end', `{"a":${entry('F32', [4], 0, 16)}}`, 12],
    ['bytes behind the last tensor', `{"a":${entry('F32', [1], 0, 4)}}`, 12],
    ['a size that does not fit', `{"a":${entry('F32', [4], 0, 12)}}`, 12],
    ['a name twice', `{"a":${entry('F32', [1], 0, 4)},"a":${entry('F32', [1], 0, 4)}}`, 4],
    ['an unknown number format', `{"a":${entry('F8_E4M3', [4], 0, 4)}}`, 4],
    ['offsets backwards', `{"a":${entry('F32', [1], 4, 0)}}`, 4],
    ['an unknown field', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}', 4],
    ['a header that is no object', '[1]     ', 0],
    ['a header that is not JSON', '{"a":', 0],
    ['a shape of more numbers than memory', `{"a":${entry('F32', [1e9, 1e9], 0, 4)}}`, 4],
  ])('refuses %s', (_name, header, bytes) => {
    expect(() => readSafetensors(file(header, Buffer.alloc(bytes)))).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }),
    );
  });

  it('refuses a file that ends early, wherever', () => {
    const whole = writeSafetensors(state, 'F32');
    for (let length = 0; length < whole.length; length++) {
      expect(() => readSafetensors(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'MODEL_INVALID' }),
      );
    }
  });
});

describe('half precision', () => {
  it('is exact for every half precision number', () => {
    const bits = Uint16Array.from({ length: 2 ** 16 }, (_, index) => index).filter(
      (word) => (word & 0x7c00) !== 0x7c00 || (word & 0x3ff) === 0,
    );
    expect(floatToHalf(Float32Array.from(bits, halfToFloat))).toEqual(bits);
  });

  it('rounds to nearest, ties to even', () => {
    // For every pair of neighbours: the middle goes to the even one, a little less and more to the nearer one.
    for (let word = 0; word < 0x7bff; word++) {
      const low = halfToFloat(word);
      const middle = (low + halfToFloat(word + 1)) / 2;
      const nudge = (halfToFloat(word + 1) - low) / 16;
      const rounded = floatToHalf(Float32Array.of(middle, middle - nudge, middle + nudge, -middle));
      const even = word % 2 === 0 ? word : word + 1;
      if (rounded[0] !== even || rounded[1] !== word || rounded[2] !== word + 1 || rounded[3] !== (even | 0x8000)) {
        throw new Error(`${middle} became ${[...rounded].join(', ')}`);
      }
    }
    expect([...floatToHalf(Float32Array.of(65519.9, 65520, 1e30, 1e-30, Number.NaN))]).toEqual([
      0x7bff, 0x7c00, 0x7c00, 0, 0x7e00,
    ]);
  });
});
