/** How films are brought to the nets that are imported, where whoever imports does not say otherwise. */
import { GRAYSCALE_RULE } from '../../dicom/grayscale.ts';
import type { ModelManifest } from '../manifest.ts';

/** The steps from a film to a net's input. */
export type Preprocessing = ModelManifest['preprocessing'];

/** Mean and standard deviation of ImageNet, with which torchvision's nets and CheXNet are trained. */
const IMAGENET_MEAN = [0.485, 0.456, 0.406];
const IMAGENET_STD = [0.229, 0.224, 0.225];

/**
 * Three channels: torchvision's normalisation. One channel: torchxrayvision's range of -1024 to 1024, which is
 * (grey / 255 - 0.5) / (1 / 2048) to the last bit.
 */
export function presetPreprocessing(channels: number): Preprocessing {
  const common = {
    grayscaleRule: GRAYSCALE_RULE,
    resize: { filter: 'bilinear-antialiased' as const },
    crop: 'none' as const,
    divisor: 255,
  };
  return channels === 1
    ? { ...common, version: 'whole-film-range-1024-1', mean: [0.5], std: [1 / 2048] }
    : { ...common, version: 'whole-film-1', mean: [...IMAGENET_MEAN], std: [...IMAGENET_STD] };
}

/** Least and greatest value that the steps give. */
export function valueRange({ divisor, mean, std }: Preprocessing): { least: number; greatest: number } {
  const at = (grey: number) => mean.map((value, channel) => (grey / divisor - value) / (std[channel] ?? 1));
  return { least: Math.min(...at(0)), greatest: Math.max(...at(255)) };
}
