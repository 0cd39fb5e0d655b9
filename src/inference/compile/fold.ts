/** Rearrangements of a net's constants that keep what it computes. */
import type { Affine, Convolution } from './dense-net.ts';

/** The convolution with the normalisation behind it taken in: weights times scale, bias times scale plus shift. */
export function folded(conv: Convolution, norm: Affine): Convolution & { readonly bias: Float32Array } {
  const perOutput = conv.weights.length / conv.outputs;
  return {
    ...conv,
    weights: conv.weights.map((weight, index) => weight * at(norm.scale, Math.floor(index / perOutput))),
    bias: norm.shift.map((shift, output) => shift + at(norm.scale, output) * (conv.bias?.[output] ?? 0)),
  };
}

/** A rows x columns matrix as columns x rows. */
export function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return matrix.map((_, index) => at(matrix, (index % rows) * columns + Math.floor(index / rows)));
}

/** An element that is there. */
function at(values: Float32Array, index: number): number {
  return values[index] as number;
}
