import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeModelAtSize } from '../../bench/support/model-at-size.ts';
import { discoverModels } from '../../src/inference/registry.ts';
import { ModelSession } from '../../src/inference/session.ts';
import { noise, shippedModel, temporaryFolder } from './support.ts';

test('the shipped model runs at 224 x 224 compiled for it, with a map of 7 x 7', async () => {
  const folder = await temporaryFolder();
  const written = await writeModelAtSize(await shippedModel(), 224, join(folder, 'chexnet-demo-224'));
  expect(await discoverModels(folder)).toEqual([written]);
  const session = await ModelSession.load(written, 1);
  const input = Float32Array.from(noise(2, 3 * 224 * 224, 256), (grey) => grey / 255);
  const { probabilities, classActivationMap } = await session.run(input);
  expect(probabilities).toHaveLength(14);
  expect(classActivationMap).toMatchObject({ rows: 7, columns: 7 });
  await session.release();
});
