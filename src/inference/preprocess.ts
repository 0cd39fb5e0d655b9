/** From a film to a model's input tensor, exactly as the model's manifest says. */
import { cropImages, cropStageSize } from './crop.ts';
import type { ModelManifest } from './manifest.ts';
import { type GrayscaleSource, resizeGrayscale } from './resize.ts';

/** Grey values of 8 bits. */
const GREYS = 256;

/** What of a manifest says how a film becomes a tensor. */
export interface PreprocessingPlan {
  readonly input: Pick<ModelManifest['input'], 'height' | 'width' | 'channels'>;
  readonly preprocessing: ModelManifest['preprocessing'];
}

/**
 * The input tensor of one film.
 *
 * Ranges other than 0..1 are means and deviations too: torchxrayvision's -1024..1024 is divisor 255, mean 0.5, deviation
 * 1/2048, and to the last bit what its `normalize` gives.
 *
 * @returns images x channels x height x width values, normalised (NCHW); ten images for the ten-crop, else one
 */
export function preprocess(film: GrayscaleSource, manifest: PreprocessingPlan): Float32Array {
  const { height, width, channels } = manifest.input;
  const images = greyImages(film, manifest);
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
  return tensor;
}

function greyImages(film: GrayscaleSource, { input, preprocessing }: PreprocessingPlan): Uint8Array[] {
  if (preprocessing.crop === 'none') return [resizeGrayscale(film, input.height, input.width)];
  const stage = cropStageSize(film, preprocessing.resize, input);
  const grey = resizeGrayscale(film, stage.height, stage.width);
  return cropImages(grey, stage, input, preprocessing.crop);
}

/** (grey / divisor - mean) / std for each grey value, rounded to float32 after each step as in NumPy and PyTorch. */
function normalisation({ preprocessing }: Pick<PreprocessingPlan, 'preprocessing'>, channel: number): Float32Array {
  const { divisor, mean, std } = preprocessing;
  const channelMean = Math.fround(mean[channel] as number);
  const channelStd = Math.fround(std[channel] as number);
  const { fround } = Math;
  return Float32Array.from({ length: GREYS }, (_, grey) => fround(fround(grey / divisor) - channelMean) / channelStd);
}
