/** Small nets of a given architecture with random weights. */
import type { DenseNet } from '../../../../src/inference/compile/dense-net.ts';
import type { Architecture } from '../../../../src/inference/compile/extract/architecture.ts';
import { tinyNet } from '../tiny-net.ts';

/** Three blocks, so that there are two transitions. */
export const TINY: Architecture = { blocks: [2, 3, 2], growth: 4, stem: 8, bottleneck: 16 };

/** A net of this architecture; a quarter of its scales are negative. */
export function randomNet(
  architecture: Architecture,
  { imageChannels = 3, labels = 5 }: { imageChannels?: 1 | 3; labels?: number } = {},
): DenseNet {
  return tinyNet({ ...architecture, channels: imageChannels, labels, negative: 0.25 });
}
