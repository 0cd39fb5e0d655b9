/** The order of channels in a concatenation. */
import type { Affine, Convolution } from '../dense-net.ts';
import type { Expression } from './expression.ts';

/** The maps that are joined, concatenations of concatenations in one line. */
export function partsOf(features: Expression): Expression[] {
  return features.kind === 'concatenation' ? features.parts.flatMap(partsOf) : [features];
}

/**
 * For each channel in canonical order its place in the graph's order.
 *
 * @param canonical - the same parts in another order
 */
export function channelOrder(parts: readonly Expression[], canonical: readonly Expression[]): number[] {
  const starts = new Map<Expression, number>();
  let next = 0;
  for (const part of parts) {
    starts.set(part, next);
    next += part.channels;
  }
  return canonical.flatMap((part) =>
    Array.from({ length: part.channels }, (_, index) => (starts.get(part) ?? 0) + index),
  );
}

/** An affine map with its channels in canonical order. */
export function reorderAffine({ scale, shift }: Affine, order: readonly number[]): Affine {
  const sort = (values: Float32Array) => Float32Array.from(order, (place) => values[place] as number);
  return { scale: sort(scale), shift: sort(shift) };
}

/** A 1x1 convolution with its input channels in canonical order. */
export function reorderInputs(convolution: Convolution, order: readonly number[]): Convolution {
  const { inputs, weights } = convolution;
  const sorted = weights.map((_, index) => {
    const input = index % inputs;
    return weights[index - input + (order[input] as number)] as number;
  });
  return { ...convolution, weights: sorted };
}
