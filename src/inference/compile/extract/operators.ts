/** What each ONNX operator makes of features. Whatever DenseNet does not have becomes a foreign expression. */
import type { OnnxNode } from '../onnx/model.ts';
import { batchNorm } from './affine.ts';
import { floatAttribute, integerAttribute, integersAttribute } from './attributes.ts';
import { affineOf, convolutionOf, meanOf } from './build.ts';
import { floats } from './constant.ts';
import type { Expression, Origin } from './expression.ts';
import { gemm, multiplyMatrix } from './fully-connected.ts';
import { pad } from './padding.ts';
import { flatten, reorder, squeeze } from './shapes.ts';
import { type Features, featuresOf, foreign, type Value } from './values.ts';
import { kernelOf, windowOf } from './window.ts';

type Operator = (node: OnnxNode, input: Features, rest: readonly (Value | undefined)[], origin: Origin) => Features;

const passThrough: Operator = (_node, input) => input;

/** Operators whose first input is a feature map. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Identity: passThrough,
  Dropout: passThrough,
  Cast: passThrough,
  Conv: convolve,
  BatchNormalization: normalise,
  Relu: (_node, input, _rest, origin) => featuresOf(reluOf(input.expression, origin), input.axes),
  Clip: clip,
  Sigmoid: (_node, { expression, axes }, _rest, origin) =>
    featuresOf({ kind: 'sigmoid', input: expression, origin, channels: expression.channels }, axes),
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: (_node, input, _rest, origin) =>
    input.axes === 'NCHW' ? featuresOf(meanOf(input.expression, origin), 'NCHW') : wrongLayout(origin),
  ReduceMean: reduceMean,
  Pad: pad,
  Transpose: reorder,
  Flatten: flatten,
  Reshape: flatten,
  Squeeze: squeeze,
  Gemm: gemm,
  MatMul: multiplyMatrix,
};

function reluOf(input: Expression, origin: Origin): Expression {
  return { kind: 'relu', input, origin, channels: input.channels };
}

function wrongLayout(origin: Origin): Features {
  return foreign('reads the image in another layout than films, channels, rows, columns', origin);
}

function convolve(
  node: OnnxNode,
  input: Features,
  [weights, bias]: readonly (Value | undefined)[],
  origin: Origin,
): Features {
  if (input.axes !== 'NCHW') return wrongLayout(origin);
  if (weights?.kind !== 'constant') return foreign('convolves with weights that are not constant', origin);
  const [outputs = 0, inputs = 0, rows = 0, columns = 0, ...more] = weights.constant.dims;
  if (more.length > 0 || rows !== columns || rows === 0) return foreign('has no square kernel', origin);
  if (integerAttribute(node, 'group', 1) !== 1) return foreign('is a grouped convolution', origin);
  const { channels } = input.expression;
  if (channels !== 0 && channels !== inputs)
    return foreign(`convolves ${inputs} channels where there are ${channels}`, origin);
  if (bias !== undefined && (bias.kind !== 'constant' || bias.constant.values.length !== outputs)) {
    return foreign('has a bias that is not one number an output', origin);
  }
  const window = windowOf(node, rows);
  if (typeof window === 'string') return foreign(window, origin);
  const convolution = {
    outputs,
    inputs,
    kernel: rows,
    weights: floats(weights.constant),
    bias: bias === undefined ? null : floats(bias.constant),
  };
  return featuresOf(convolutionOf(input.expression, convolution, window, origin), 'NCHW');
}

function normalise(node: OnnxNode, input: Features, rest: readonly (Value | undefined)[], origin: Origin): Features {
  const { channels } = input.expression;
  if (input.axes[1] !== 'C') return wrongLayout(origin);
  if (integerAttribute(node, 'training_mode', 0) !== 0) return foreign('normalises as in training', origin);
  const parameters = rest.slice(0, 4).map((value) => (value?.kind === 'constant' ? floats(value.constant) : null));
  const [gamma, beta, mean, variance] = parameters;
  if (!gamma || !beta || !mean || !variance || parameters.some((values) => values?.length !== channels)) {
    return foreign('has no four constants a channel', origin);
  }
  const affine = batchNorm(gamma, beta, mean, variance, floatAttribute(node, 'epsilon', 1e-5));
  return featuresOf(affineOf(input.expression, affine, origin), input.axes);
}

/** A Clip from 0 upwards without an upper bound is a ReLU. */
function clip(
  node: OnnxNode,
  input: Features,
  [minimum, maximum]: readonly (Value | undefined)[],
  origin: Origin,
): Features {
  const low = minimum?.kind === 'constant' ? minimum.constant.values[0] : floatAttribute(node, 'min', Number.NaN);
  const bounded = maximum !== undefined || node.attributes.max !== undefined;
  if (low !== 0 || bounded) return foreign('clips to a range', origin);
  return featuresOf(reluOf(input.expression, origin), input.axes);
}

function pool(
  node: OnnxNode,
  { expression, axes }: Features,
  _rest: readonly (Value | undefined)[],
  origin: Origin,
): Features {
  if (axes !== 'NCHW') return wrongLayout(origin);
  const kernel = kernelOf(node);
  if (kernel === null) return foreign('pools over no square', origin);
  const window = windowOf(node, kernel);
  if (typeof window === 'string') return foreign(window, origin);
  const kind = node.opType === 'MaxPool' ? 'max-pool' : 'average-pool';
  // Padding with zeros or less is no other than max pooling's own behind a ReLU, which gives nothing below zero.
  const padded = kind === 'max-pool' && expression.kind === 'padded' && expression.fill <= 0 ? expression : null;
  if (padded !== null && padded.input.kind === 'relu') {
    const padding = window.padding + padded.padding;
    return featuresOf(
      { kind, input: padded.input, kernel, ...window, padding, origin, channels: padded.channels },
      axes,
    );
  }
  return featuresOf({ kind, input: expression, kernel, ...window, origin, channels: expression.channels }, axes);
}

function reduceMean(
  node: OnnxNode,
  input: Features,
  [axesInput]: readonly (Value | undefined)[],
  origin: Origin,
): Features {
  const listed = axesInput?.kind === 'constant' ? [...axesInput.constant.values] : integersAttribute(node, 'axes');
  const rank = input.axes.length;
  const letters = (listed ?? []).map((axis) => input.axes[(axis + rank) % rank]).sort();
  if (letters.join('') !== 'HW') return foreign('takes the mean over other axes than rows and columns', origin);
  const kept = integerAttribute(node, 'keepdims', 1) !== 0;
  const axes = kept ? input.axes : input.axes.replace(/[HW]/g, '');
  return featuresOf(meanOf(input.expression, origin), axes);
}
