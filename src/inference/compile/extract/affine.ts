/** Arithmetic of scales and shifts; in double precision, rounded once. */
import type { Affine, Convolution } from '../dense-net.ts';

/** The affine map that changes nothing. */
export function identityAffine(channels: number): Affine {
  return { scale: new Float32Array(channels).fill(1), shift: new Float32Array(channels) };
}

/** Whether an affine map changes nothing. */
export function isIdentity({ scale, shift }: Affine): boolean {
  return scale.every((value) => value === 1) && shift.every((value) => value === 0);
}

/** `second` after `first`. */
export function compose(first: Affine, second: Affine): Affine {
  return {
    scale: first.scale.map((scale, channel) => scale * (second.scale[channel] as number)),
    shift: first.shift.map(
      (shift, channel) => shift * (second.scale[channel] as number) + (second.shift[channel] as number),
    ),
  };
}

/**
 * BatchNorm at inference: scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale.
 */
export function batchNorm(
  gamma: Float32Array,
  beta: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  epsilon: number,
): Affine {
  const exact = Float64Array.from(
    gamma,
    (value, channel) => value / Math.sqrt((variance[channel] as number) + epsilon),
  );
  return {
    scale: Float32Array.from(exact),
    shift: Float32Array.from(exact, (scale, channel) => (beta[channel] as number) - (mean[channel] as number) * scale),
  };
}

/** A scale a channel in front of a convolution, in its weights. */
export function foldScaleBefore(convolution: Convolution, scale: Float32Array): Convolution {
  const area = convolution.kernel ** 2;
  return {
    ...convolution,
    weights: convolution.weights.map(
      (weight, index) => weight * (scale[Math.floor(index / area) % convolution.inputs] as number),
    ),
  };
}
