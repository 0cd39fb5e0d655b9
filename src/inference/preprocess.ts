/** From a film to a model's input tensor, exactly as the model's manifest says. */
import type { ModelManifest } from './manifest.ts';
import { type GrayscaleSource, resizeGrayscale } from './resize.ts';

/** Grey values of 8 bits. */
const GREYS = 256;

/**
 * The input tensor of one film.
 *
 * @returns channels x height x width values, normalised (NCHW with N = 1)
 */
export function preprocess(film: GrayscaleSource, manifest: ModelManifest): Float32Array {
  const { height, width, channels } = manifest.input;
  const grey = resizeGrayscale(film, height, width);
  const tensor = new Float32Array(channels * grey.length);
  for (let channel = 0; channel < channels; channel++) {
    const normalised = normalisation(manifest, channel);
    const plane = channel * grey.length;
    for (let pixel = 0; pixel < grey.length; pixel++) {
      tensor[plane + pixel] = normalised[grey[pixel] as number] as number;
    }
  }
  return tensor;
}

/** (grey / divisor - mean) / std for each grey value, rounded to float32 after each step as in NumPy and PyTorch. */
function normalisation(manifest: ModelManifest, channel: number): Float32Array {
  const { divisor, mean, std } = manifest.preprocessing;
  const channelMean = Math.fround(mean[channel] as number);
  const channelStd = Math.fround(std[channel] as number);
  const { fround } = Math;
  return Float32Array.from({ length: GREYS }, (_, grey) => fround(fround(grey / divisor) - channelMean) / channelStd);
}
