/**
 * BatchNorm and ReLU in front of a 1x1 convolution as a clamp of integers.
 *
 * With x = low + step * q and t = -b / a: relu(a * x + b) = a * (max(x, t) - t) for a > 0, a * (min(x, t) - t) for a < 0. In
 * integers that is u = max(q, T) or min(q, T) with T = round(tau), tau = (t - low) / step; factor a * step and the constant
 * go into the convolution.
 */
import type { Affine } from './dense-net.ts';
import type { ChannelScale, IntegerInput } from './integer-convolution.ts';

const MAX = 255;

/** u = min(max(q, lower), upper), and what u means behind the ReLU. */
export interface Clamp extends IntegerInput {
  readonly lower: Uint8Array;
  readonly upper: Uint8Array;
}

/** One channel. */
interface ChannelClamp {
  readonly lower: number;
  readonly upper: number;
  readonly factor: number;
  readonly offset: number;
}

/**
 * The clamp of the first `norm.scale.length` features.
 *
 * @param means - of relu(scale * x + shift), one a channel
 */
export function clampOf(norm: Affine, features: ChannelScale, means: readonly number[]): Clamp {
  const channels = norm.scale.length;
  const lower = new Uint8Array(channels);
  const upper = new Uint8Array(channels);
  const factor = new Float64Array(channels);
  const offset = new Float64Array(channels);
  const mean = new Float64Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const clamp = channelClamp(
      norm.scale[channel] as number,
      norm.shift[channel] as number,
      features.low[channel] as number,
      features.step[channel] as number,
    );
    lower[channel] = clamp.lower;
    upper[channel] = clamp.upper;
    factor[channel] = clamp.factor;
    offset[channel] = clamp.offset;
    mean[channel] = clamp.factor === 0 ? 0 : ((means[channel] as number) - clamp.offset) / clamp.factor;
  }
  return { lower, upper, factor, offset, mean };
}

function channelClamp(a: number, b: number, low: number, step: number): ChannelClamp {
  const everything = { lower: 0, upper: MAX };
  // A constant: the integers do not matter.
  if (a === 0 || step === 0) return { ...everything, factor: 0, offset: Math.max(a * low + b, 0) };
  const factor = a * step;
  const tau = (-b / a - low) / step;
  const always = a > 0 ? tau <= 0 : tau >= MAX;
  if (always) return { ...everything, factor, offset: a * low + b };
  const never = a > 0 ? tau >= MAX : tau <= 0;
  if (never) return { ...everything, factor: 0, offset: 0 };
  // The constant holds the exact tau, so that values beyond the threshold come out right; values on it are off by up to
  // half a step (the other way round was slightly worse).
  const threshold = Math.round(tau);
  const offset = -factor * tau;
  return a > 0 ? { lower: threshold, upper: MAX, factor, offset } : { lower: 0, upper: threshold, factor, offset };
}
