/** From a film to a model's input tensor, exactly as the model's manifest says. */
import { cropImages, cropStageSize } from './crop.ts';
import type { ModelManifest } from './manifest.ts';
import type { GreyStatistics } from './reading.ts';
import { type GrayscaleSource, resizeGrayscale } from './resize.ts';

/** Grey values of 8 bits. */
const GREYS = 256;

/** What of a manifest says how a film becomes a tensor. */
export interface PreprocessingPlan {
  readonly input: Pick<ModelManifest['input'], 'height' | 'width' | 'channels'>;
  readonly preprocessing: ModelManifest['preprocessing'];
}

/** A film ready for the model. */
export interface ModelInput {
  /** Images x channels x height x width values, normalised (NCHW); ten images for the ten-crop, else one. */
  readonly tensor: Float32Array;
  /** Of the whole film after the resize, before any crop. */
  readonly grey: GreyStatistics;
}

/** The input tensor of one film, see {@link prepareInput}. */
export function preprocess(film: GrayscaleSource, manifest: PreprocessingPlan): Float32Array {
  return prepareInput(film, manifest).tensor;
}

/**
 * The input tensor of one film, and the grey values that it is made of in two numbers.
 *
 * Ranges other than 0..1 are means and deviations too: torchxrayvision's -1024..1024 is divisor 255, mean 0.5, deviation
 * 1/2048, and to the last bit what its `normalize` gives.
 */
export function prepareInput(film: GrayscaleSource, manifest: PreprocessingPlan): ModelInput {
  const { height, width, channels } = manifest.input;
  const { preprocessing } = manifest;
  const stage =
    preprocessing.crop === 'none' ? { height, width } : cropStageSize(film, preprocessing.resize, manifest.input);
  const whole = resizeGrayscale(film, stage.height, stage.width);
  const images = preprocessing.crop === 'none' ? [whole] : cropImages(whole, stage, manifest.input, preprocessing.crop);
  const pixels = height * width;
  const tensor = new Float32Array(images.length * channels * pixels);
  for (let channel = 0; channel < channels; channel++) {
    const normalised = normalisation(manifest, channel);
    for (const [image, grey] of images.entries()) {
      const plane = (image * channels + channel) * pixels;
      for (let pixel = 0; pixel < pixels; pixel++) {
        tensor[plane + pixel] = normalised[grey[pixel] as number] as number;
      }
    }
  }
  return { tensor, grey: greyStatistics(whole) };
}

/** The sums are whole numbers far below 2^53: exact. Below 0.2 ms for 224 x 224 on a busy machine. */
function greyStatistics(values: Uint8Array): GreyStatistics {
  let sum = 0;
  let squares = 0;
  for (let pixel = 0; pixel < values.length; pixel++) {
    const grey = values[pixel] as number;
    sum += grey;
    squares += grey * grey;
  }
  const mean = sum / values.length;
  // Rounding may bring the variance of an even film a hair below 0.
  return { mean, deviation: Math.sqrt(Math.max(0, squares / values.length - mean * mean)) };
}

/** (grey / divisor - mean) / std for each grey value, rounded to float32 after each step as in NumPy and PyTorch. */
function normalisation({ preprocessing }: Pick<PreprocessingPlan, 'preprocessing'>, channel: number): Float32Array {
  const { divisor, mean, std } = preprocessing;
  const channelMean = Math.fround(mean[channel] as number);
  const channelStd = Math.fround(std[channel] as number);
  const { fround } = Math;
  return Float32Array.from({ length: GREYS }, (_, grey) => fround(fround(grey / divisor) - channelMean) / channelStd);
}
