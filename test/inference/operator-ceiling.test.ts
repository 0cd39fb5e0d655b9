/** The bench's operator ceiling, on the shipped model. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openOperatorCeiling } from '../../bench/support/operator-ceiling.ts';
import { shippedModel } from './support.ts';

test('the convolutions of the shipped model run by themselves at the shapes they have in it', async () => {
  const { directory, manifest } = await shippedModel();
  const { name, channels, height, width } = manifest.input;
  const image = { dims: [1, channels, height, width], data: new Float32Array(channels * height * width) };
  await using ceiling = await openOperatorCeiling(await readFile(join(directory, manifest.file)), { [name]: image });
  // DenseNet-121 has 2.65 GMAC at 224 x 224 with the transitions pooled first, and as many a pixel at other sizes.
  const expected = (2.65e9 * height * width) / (224 * 224);
  expect(ceiling.multiplications / expected).toBeGreaterThan(0.95);
  expect(ceiling.multiplications / expected).toBeLessThan(1.05);
  expect(await ceiling.measure()).toBeGreaterThan(0);
});
