/** Products with a constant matrix: fully connected layers, or 1x1 convolutions of maps with channels last. */
import type { OnnxNode } from '../onnx/model.ts';
import { floatAttribute, integerAttribute } from './attributes.ts';
import { affineOf, convolutionOf, linearOf } from './build.ts';
import { floats, transpose } from './constant.ts';
import type { Origin } from './expression.ts';
import { perChannel } from './per-channel.ts';
import { type Features, featuresOf, foreign, type Value } from './values.ts';

/** Gemm: x times weights plus bias. */
export function gemm(
  node: OnnxNode,
  input: Features,
  [weights, bias]: readonly (Value | undefined)[],
  origin: Origin,
): Features {
  const plain =
    integerAttribute(node, 'transA', 0) === 0 &&
    floatAttribute(node, 'alpha', 1) === 1 &&
    floatAttribute(node, 'beta', 1) === 1;
  if (!plain || input.axes !== 'NC') return foreign('is no plain fully connected layer', origin);
  const transposed = integerAttribute(node, 'transB', 0) !== 0;
  const linear = fullyConnected(input, weights, transposed, origin);
  if (bias === undefined) return linear;
  const values = bias.kind === 'constant' ? perChannel(bias.constant, 'NC', linear.expression.channels) : null;
  if (values === null) return foreign('has a bias that is not one number an output', origin);
  const scale = new Float32Array(values.length).fill(1);
  return featuresOf(affineOf(linear.expression, { scale, shift: values }, origin), 'NC');
}

/** x [.., channels] times weights [channels, outputs]; on a map a 1x1 convolution. */
export function multiplyMatrix(
  _node: OnnxNode,
  input: Features,
  [weights]: readonly (Value | undefined)[],
  origin: Origin,
): Features {
  if (!input.axes.endsWith('C')) return foreign('multiplies along another axis than the channels', origin);
  return fullyConnected(input, weights, false, origin);
}

function fullyConnected(
  { expression, axes }: Features,
  weights: Value | undefined,
  transposed: boolean,
  origin: Origin,
): Features {
  if (weights?.kind !== 'constant' || weights.constant.dims.length !== 2) {
    return foreign('multiplies by what is no constant matrix', origin);
  }
  const matrix = transposed ? weights.constant : transpose(weights.constant, [1, 0]);
  const [outputs = 0, inputs = 0] = matrix?.dims ?? [];
  if (matrix === null || inputs !== expression.channels) {
    return foreign(`multiplies ${inputs} channels where there are ${expression.channels}`, origin);
  }
  const values = floats(matrix);
  if (axes === 'NC') return featuresOf(linearOf(expression, values, new Float32Array(outputs), origin), axes);
  const convolution = { outputs, inputs, kernel: 1, weights: values, bias: null };
  return featuresOf(convolutionOf(expression, convolution, { stride: 1, padding: 0 }, origin), axes);
}
