import { describe, expect, test } from 'vitest';
import { preprocess } from '../../src/inference/preprocess.ts';
import { shippedModel } from './support.ts';

describe('preprocess', () => {
  test('normalises each channel as NumPy does in float32', async () => {
    const { manifest } = await shippedModel();
    const input = { ...manifest.input, height: 16, width: 16 };
    const words = Uint8Array.from({ length: 256 }, (_, grey) => grey);
    const tensor = preprocess({ rows: 16, columns: 16, words, lookup: words }, { ...manifest, input });
    expect(tensor.length).toBe(3 * 256);
    // NumPy: (float32(grey) / float32(255) - float32(mean)) / float32(std), to the last digit of a float32.
    const expected = [
      [0, -2.117904, -2.0357141, -1.8044444],
      [1, -2.1007793, -2.0182073, -1.7870152],
      [128, 0.07406463, 0.2051822, 0.42649257],
      [255, 2.2489083, 2.4285715, 2.64],
    ];
    for (const [grey = 0, ...channels] of expected) {
      channels.forEach((value, channel) => {
        expect(tensor[channel * 256 + grey]).toBe(Math.fround(value));
      });
    }
  });

  test('follows the manifest: one channel, another size, another divisor', async () => {
    const { manifest } = await shippedModel();
    const words = new Uint16Array(40 * 30).fill(7);
    const lookup = new Uint8Array(65_536).fill(100);
    const tensor = preprocess(
      { rows: 40, columns: 30, words, lookup },
      {
        ...manifest,
        input: { ...manifest.input, height: 32, width: 48, channels: 1 },
        preprocessing: { ...manifest.preprocessing, divisor: 1, mean: [90], std: [4] },
      },
    );
    expect(tensor).toEqual(new Float32Array(32 * 48).fill(2.5));
  });
});
