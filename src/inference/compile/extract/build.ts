/**
 * Makes expressions in one normal form, whichever way the exporter wrote them: affine maps in a row are one; those around a
 * fully connected layer are in its weights; a 1x1 convolution whose mean is taken is a fully connected layer of the mean.
 */
import type { Affine, Convolution } from '../dense-net.ts';
import { folded } from '../fold.ts';
import { compose, isIdentity } from './affine.ts';
import type { Expression, Linear, Origin } from './expression.ts';

/** `affine` behind `input`. */
export function affineOf(input: Expression, affine: Affine, origin: Origin): Expression {
  if (isIdentity(affine)) return input;
  const { channels } = input;
  if (input.kind === 'affine') return affineOf(input.input, compose(input.affine, affine), origin);
  if (input.kind === 'linear') {
    const layer = folded(asConvolution(input), affine);
    return { ...input, origin, weights: layer.weights, bias: layer.bias ?? input.bias };
  }
  return { kind: 'affine', input, affine, origin, channels };
}

/** A fully connected layer; weights [outputs, inputs]. */
export function linearOf(input: Expression, weights: Float32Array, bias: Float32Array, origin: Origin): Expression {
  const channels = bias.length;
  if (input.kind !== 'affine') return { kind: 'linear', input, weights, bias, origin, channels };
  const inputs = weights.length / channels;
  const { scale, shift } = input.affine;
  const folded = weights.map((weight, index) => weight * (scale[index % inputs] as number));
  const moved = bias.map((value, output) => {
    let sum = value;
    for (let index = 0; index < inputs; index++)
      sum += (weights[output * inputs + index] as number) * (shift[index] as number);
    return sum;
  });
  return linearOf(input.input, folded, moved, origin);
}

/** The mean over all positions. */
export function meanOf(input: Expression, origin: Origin): Expression {
  if (input.kind === 'affine') return affineOf(meanOf(input.input, origin), input.affine, origin);
  if (input.kind === 'convolution' && input.convolution.kernel === 1 && input.stride === 1 && input.padding === 0) {
    const { weights, bias, outputs } = input.convolution;
    return linearOf(meanOf(input.input, origin), weights, bias ?? new Float32Array(outputs), origin);
  }
  return { kind: 'mean', input, origin, channels: input.channels };
}

/** A convolution; on a single position a fully connected layer. */
export function convolutionOf(
  input: Expression,
  convolution: Convolution,
  window: { readonly stride: number; readonly padding: number },
  origin: Origin,
): Expression {
  if (isPooled(input) && convolution.kernel === 1) {
    return linearOf(input, convolution.weights, convolution.bias ?? new Float32Array(convolution.outputs), origin);
  }
  if (input.kind === 'padded' && input.fill === 0) {
    return convolutionOf(input.input, convolution, { ...window, padding: window.padding + input.padding }, origin);
  }
  return { kind: 'convolution', input, convolution, ...window, origin, channels: convolution.outputs };
}

/** Whether an expression has one position only. */
export function isPooled(expression: Expression): boolean {
  switch (expression.kind) {
    case 'mean':
    case 'linear':
    case 'sigmoid':
      return true;
    case 'affine':
    case 'relu':
      return isPooled(expression.input);
    default:
      return false;
  }
}

function asConvolution({ weights, bias, channels }: Linear): Convolution {
  return { outputs: channels, inputs: weights.length / channels, kernel: 1, weights, bias };
}
