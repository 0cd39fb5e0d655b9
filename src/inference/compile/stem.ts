/**
 * The stem on grey pixels.
 *
 * A film is grey: all channels of the net hold the same pixel g (0..255), each as (g / divisor - mean) / std. So the 7x7
 * convolution needs g once, with weights summed over the channels, and a constant for the means. The constant belongs
 * only to taps inside the film, because the net pads with 0 after the normalisation; so a second channel carries 255
 * inside the film and, like every padded integer, 0 outside. All that is exact: g is an integer already.
 *
 * Two pixels side by side make one position of four channels (g, 255, g, 255): a view of memory, no copy. The 7x7
 * convolution of stride 2 becomes one of 7x4 with strides 2 and 1 (one of its eight columns is 0).
 */
import type { Convolution } from './dense-net.ts';
import { type ChannelScale, inSteps, type RealConvolution } from './integer-convolution.ts';

/** How pixels become the net's input: (g / divisor - mean) / std, one mean and std a channel. */
export interface Normalisation {
  readonly divisor: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Value of the second channel inside the film. */
export const INSIDE = 255;

const KERNEL = 7;
const CHANNELS = 4;
const CELLS = 4;

/** Padding in pixels above, in pairs of pixels to the left, then below and to the right. */
export const STEM_PADS = [3, 2, 2, 1] as const;

export const STEM_STRIDES = [2, 1] as const;

/** The stem's convolution, its normalisation folded in, on such pairs. */
export function stemOnPairs(
  conv: Convolution & { readonly bias: Float32Array },
  normalisation: Normalisation,
  output: ChannelScale,
): RealConvolution {
  const { outputs } = conv;
  const weights = new Float64Array(outputs * CHANNELS * KERNEL * CELLS);
  const bias = new Float64Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const step = output.step[o] as number;
    bias[o] = inSteps((conv.bias[o] as number) - (output.low[o] as number), step);
    for (let row = 0; row < KERNEL; row++) {
      for (let column = 0; column < KERNEL; column++) {
        const { slope, constant } = tap(conv, normalisation, o, row * KERNEL + column);
        // Column 0 of the 7 is the second pixel of the first pair.
        const cell = (column + 1) >> 1;
        const channel = ((column + 1) & 1) * 2;
        const index = ((o * CHANNELS + channel) * KERNEL + row) * CELLS + cell;
        weights[index] = inSteps(slope, step);
        weights[index + KERNEL * CELLS] = inSteps(constant / INSIDE, step);
      }
    }
  }
  return { outputs, inputs: CHANNELS, kernel: [KERNEL, CELLS], weights, bias };
}

/** What one tap makes of a pixel g inside the film: slope * g + constant. */
function tap(
  { inputs, weights }: Convolution,
  { divisor, mean, std }: Normalisation,
  output: number,
  position: number,
): { slope: number; constant: number } {
  let slope = 0;
  let constant = 0;
  for (let channel = 0; channel < inputs; channel++) {
    const weight =
      (weights[(output * inputs + channel) * KERNEL * KERNEL + position] as number) / (std[channel] as number);
    slope += weight / divisor;
    constant -= weight * (mean[channel] as number);
  }
  return { slope, constant };
}

/** Mean of each channel of a pair for every tap, given the mean pixel. */
export function stemMeans(meanPixel: number): Float64Array {
  const means = new Float64Array(CHANNELS * KERNEL * CELLS);
  return means.map((_, index) => (Math.floor(index / (KERNEL * CELLS)) % 2 === 0 ? meanPixel : INSIDE));
}
