import { describe, expect, test } from 'vitest';
import { cropImages, cropStageSize } from '../../src/inference/crop.ts';
import type { ModelManifest } from '../../src/inference/manifest.ts';
import { preprocess } from '../../src/inference/preprocess.ts';
import { resizeGrayscale } from '../../src/inference/resize.ts';
import { ModelSession } from '../../src/inference/session.ts';
import { modelFolder, noise, shippedModel, temporaryFolder } from './support.ts';

const IDENTITY = Uint8Array.from({ length: 256 }, (_, grey) => grey);

describe('cropImages', () => {
  // Pixel (row, column) is 10 * row + column.
  const size = { height: 5, width: 7 };
  const grey = Uint8Array.from({ length: 35 }, (_, index) => 10 * Math.floor(index / 7) + (index % 7));
  const crop = { height: 2, width: 2 };

  test('centre, halves rounded to the even neighbour as torchvision does', () => {
    // Margins 3 and 5: round(1.5) = 2, round(2.5) = 2.
    expect(cropImages(grey, size, crop, 'center')).toEqual([Uint8Array.of(22, 23, 32, 33)]);
  });

  test('ten: corners and centre, then those of the mirrored image', () => {
    expect(cropImages(grey, size, crop, 'ten').map((image) => [...image])).toEqual([
      [0, 1, 10, 11],
      [5, 6, 15, 16],
      [30, 31, 40, 41],
      [35, 36, 45, 46],
      [22, 23, 32, 33],
      [6, 5, 16, 15],
      [1, 0, 11, 10],
      [36, 35, 46, 45],
      [31, 30, 41, 40],
      [24, 23, 34, 33],
    ]);
  });
});

describe('cropStageSize', () => {
  const input = { height: 224, width: 224 };
  test('stretched, or the shorter side fitted and the fraction of the longer one cut off', () => {
    const stage = { height: 256, width: 256 };
    expect(cropStageSize({ rows: 3000, columns: 2500 }, stage, input)).toEqual(stage);
    const kept = { ...stage, aspect: 'kept' };
    expect(cropStageSize({ rows: 2991, columns: 2500 }, kept, input)).toEqual({ height: 306, width: 256 });
    expect(cropStageSize({ rows: 2500, columns: 2991 }, kept, input)).toEqual({ height: 256, width: 306 });
    expect(cropStageSize({ rows: 2500, columns: 2500 }, kept, input)).toEqual(stage);
  });
});

describe('preprocess with a crop', () => {
  const words = Uint8Array.from(noise(3, 90 * 70, 256));
  const film = { rows: 90, columns: 70, words, lookup: IDENTITY };

  test('ten images x channels x rows x columns, each a part of the resized film, by definition', async () => {
    const manifest = cropped(await shippedModel().then((model) => model.manifest), 'ten', 16, 24);
    const tensor = preprocess(film, manifest);
    expect(tensor).toHaveLength(10 * 3 * 16 * 16);
    const resized = resizeGrayscale(film, 24, 24);
    const places = [
      [0, 0],
      [0, 8],
      [8, 0],
      [8, 8],
      [4, 4],
    ] as const;
    const { mean, std } = manifest.preprocessing;
    const { fround } = Math;
    for (let index = 0; index < tensor.length; index++) {
      const [image, channel, row, column] = [index / 768, (index / 256) % 3, (index / 16) % 16, index % 16].map(
        Math.trunc,
      );
      const [top, left] = places[(image ?? 0) % 5] ?? [0, 0];
      const x = left + (column ?? 0);
      const grey = resized[(top + (row ?? 0)) * 24 + ((image ?? 0) < 5 ? x : 23 - x)] ?? 0;
      const channelMean = fround(mean[channel ?? 0] ?? 0);
      const expected = fround(fround(fround(grey / 255) - channelMean) / fround(std[channel ?? 0] ?? 1));
      if (tensor[index] !== expected) expect.fail(`element ${index} is ${tensor[index]}, not ${expected}`);
    }
  });

  test('the centre is the fifth of the ten', async () => {
    const { manifest } = await shippedModel();
    const ten = preprocess(film, cropped(manifest, 'ten', 16, 24));
    expect(preprocess(film, cropped(manifest, 'center', 16, 24))).toEqual(ten.slice(4 * 768, 5 * 768));
  });

  test("one channel within -1024..1024: to the last bit torchvision's and torchxrayvision's arithmetic", async () => {
    const { manifest } = await shippedModel();
    const xrayvision: ModelManifest = {
      ...manifest,
      input: { ...manifest.input, height: 16, width: 16, channels: 1 },
      preprocessing: { ...manifest.preprocessing, divisor: 255, mean: [0.5], std: [1 / 2048] },
    };
    const greys = { rows: 16, columns: 16, words: IDENTITY, lookup: IDENTITY };
    const { fround } = Math;
    // (2 * (img / 255) - 1) * 1024 in float32.
    const expected = Float32Array.from(IDENTITY, (grey) => fround(2 * fround(grey / 255) - 1) * 1024);
    expect(preprocess(greys, xrayvision)).toEqual(expected);
  });
});

describe('a ten-crop model', () => {
  test('gives the mean of the ten probabilities, and neither logits nor map', async () => {
    const shipped = await shippedModel();
    const folder = await temporaryFolder();
    const ten = await modelFolder(folder, 'ten', (manifest) => ({
      ...cropped(manifest, 'ten', 128, 146),
      outputs: { ...manifest.outputs, classActivationMap: null },
    }));
    const film = { rows: 300, columns: 260, words: noise(9, 300 * 260, 256), lookup: IDENTITY };
    const session = await ModelSession.load(ten, 1);
    const single = await ModelSession.load(shipped, 1);
    const input = preprocess(film, session.manifest);
    const { probabilities, ...others } = await session.run(input);
    expect(others).toEqual({ logits: null, classActivationMap: null });
    const means = new Float64Array(14);
    for (let image = 0; image < 10; image++) {
      const one = await single.run(input.slice((image * input.length) / 10, ((image + 1) * input.length) / 10));
      one.probabilities.forEach((probability, label) => {
        means[label] = (means[label] ?? 0) + probability / 10;
      });
    }
    expect(probabilities).toEqual(Float32Array.from(means));
    await session.release();
    await single.release();
  });
});

function cropped(manifest: ModelManifest, crop: 'center' | 'ten', side: number, stage: number): ModelManifest {
  const resize = { filter: 'bilinear-antialiased', height: stage, width: stage } as const;
  return {
    ...manifest,
    input: { ...manifest.input, height: side, width: side },
    preprocessing: { ...manifest.preprocessing, resize, crop },
  };
}
