/** Takes an expression apart where it has the form that is expected, and says what is there instead where it has not. */
import { GatewayError } from '../../../errors.ts';
import type { Affine } from '../dense-net.ts';
import { folded } from '../fold.ts';
import { identityAffine } from './affine.ts';
import { type ConvolutionOf, describe, type Expression, type Pooling, type Window } from './expression.ts';

/** Whether an expression is a convolution of this kernel, with or without an affine map behind it. */
export function isKernel(part: Expression, kernel: number): boolean {
  const { input } = takeAffine(part);
  return input.kind === 'convolution' && input.convolution.kernel === kernel;
}

/** An affine map and what is under it; where there is none, the identity: the exporter folded it into a convolution. */
export function takeAffine(expression: Expression): { affine: Affine; input: Expression } {
  if (expression.kind === 'affine') return { affine: expression.affine, input: expression.input };
  return { affine: identityAffine(expression.channels), input: expression };
}

/**
 * A convolution of this window, an affine map behind it folded in.
 *
 * @param wanted - `outputs` null: any number
 * @throws GatewayError MODEL_INVALID
 */
export function takeConvolution(
  expression: Expression,
  wanted: Window & { readonly kernel: number; readonly outputs: number | null },
): ConvolutionOf {
  const { kernel, stride, padding, outputs } = wanted;
  const text = `a ${kernel}x${kernel} convolution of stride ${stride} and padding ${padding}`;
  const behind = expression.kind === 'affine' ? expression.affine : null;
  const found = as(behind === null ? expression : takeAffine(expression).input, 'convolution', text);
  const { convolution } = found;
  const fits = found.stride === stride && found.padding === padding && convolution.kernel === kernel;
  if (!fits) throw mismatch(found, text);
  if (outputs !== null && convolution.outputs !== outputs) {
    throw mismatch(found, `one with ${outputs} outputs, not ${convolution.outputs}`);
  }
  return behind === null ? found : { ...found, convolution: folded(convolution, behind) };
}

/**
 * The pooling of a transition.
 *
 * @throws GatewayError MODEL_INVALID unless it halves rows and columns
 */
export function halved(pool: Pooling): Pooling {
  if (pool.kernel !== 2 || pool.stride !== 2 || pool.padding !== 0) {
    throw mismatch(pool, 'a 2x2 average pooling of stride 2');
  }
  return pool;
}

/**
 * An expression of one kind.
 *
 * @param wanted - what it should be, for the message
 * @throws GatewayError MODEL_INVALID when it is of another kind
 */
export function as<Kind extends Expression['kind']>(
  expression: Expression,
  kind: Kind,
  wanted: string,
): Expression & { readonly kind: Kind } {
  if (expression.kind !== kind) throw mismatch(expression, wanted);
  return expression as Expression & { readonly kind: Kind };
}

/** The error of an expression that is not what was expected. */
export function mismatch(expression: Expression, wanted: string): GatewayError {
  const { node } = expression.origin;
  return new GatewayError(
    'MODEL_INVALID',
    `The graph is not DenseNet-121: at ${node} there is ${describe(expression)}; expected was ${wanted}.`,
  );
}
