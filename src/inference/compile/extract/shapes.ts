/** Operators that move or drop axes, and those that join channels. */
import type { OnnxNode } from '../onnx/model.ts';
import { integerAttribute, integersAttribute } from './attributes.ts';
import { isPooled, meanOf } from './build.ts';
import type { Expression, Origin } from './expression.ts';
import { type Features, featuresOf, foreign, type Value } from './values.ts';

const MAXIMUM_CHANNELS = 65_536;

/** Transpose: only the axes' names move. */
export function reorder(
  node: OnnxNode,
  { expression, axes }: Features,
  _rest: readonly (Value | undefined)[],
  origin: Origin,
): Features {
  const order = integersAttribute(node, 'perm') ?? [...axes].map((_, axis) => axes.length - 1 - axis);
  const moved = order.map((axis) => axes[axis] ?? '').join('');
  if ([...moved].sort().join('') !== [...axes].sort().join(''))
    return foreign('permutes axes that are not there', origin);
  return featuresOf(expression, moved);
}

/** Flatten, or Reshape to [films, channels], of what has one position. */
export function flatten(
  node: OnnxNode,
  { expression, axes }: Features,
  [shape]: readonly (Value | undefined)[],
  origin: Origin,
): Features {
  const rank = shape?.kind === 'constant' ? shape.constant.values.length : 2;
  if (axes[0] !== 'N' || rank !== 2 || (node.opType === 'Flatten' && integerAttribute(node, 'axis', 1) !== 1)) {
    return foreign('gives features another shape', origin);
  }
  const pooled = onePosition(expression, origin);
  return pooled === null ? foreign('flattens a map of several positions', origin) : featuresOf(pooled, 'NC');
}

/** Squeeze of rows and columns of which there is one each. */
export function squeeze(
  node: OnnxNode,
  { expression, axes }: Features,
  [axesInput]: readonly (Value | undefined)[],
  origin: Origin,
): Features {
  const listed = axesInput?.kind === 'constant' ? [...axesInput.constant.values] : integersAttribute(node, 'axes');
  const dropped = new Set((listed ?? []).map((axis) => axes[(axis + axes.length) % axes.length]));
  const pooled = onePosition(expression, origin);
  if (pooled === null || dropped.size === 0 || dropped.has('N') || dropped.has('C')) {
    return foreign('drops axes of several positions', origin);
  }
  return featuresOf(pooled, [...axes].filter((letter) => !dropped.has(letter)).join(''));
}

/** Concat along the channels. */
export function concatenate(node: OnnxNode, inputs: readonly (Value | undefined)[], origin: Origin): Features {
  const parts: Expression[] = [];
  const [first] = inputs;
  const axes = first?.kind === 'features' ? first.axes : '';
  const axis = integerAttribute(node, 'axis', 1);
  if (axes[(axis + axes.length) % axes.length] !== 'C')
    return foreign('joins features along another axis than channels', origin);
  for (const input of inputs) {
    if (input?.kind !== 'features' || input.axes !== axes)
      return foreign('joins features of different layouts', origin);
    parts.push(input.expression);
  }
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return featuresOf(only, axes);
  const channels = parts.reduce((sum, part) => sum + part.channels, 0);
  // Concatenations of concatenations can double at every node; those of DenseNet-121 end at 1024.
  if (channels > MAXIMUM_CHANNELS || parts.some((part) => part.channels === 0)) {
    return foreign(`joins ${channels} channels`, origin);
  }
  return featuresOf({ kind: 'concatenation', parts, origin, channels }, axes);
}

/**
 * A pooled expression as it is. An average pooling without padding, whose result is flattened, covers the whole map at the
 * size it was trained with: F.avg_pool2d(x, 7) of 2017.
 */
function onePosition(expression: Expression, origin: Origin): Expression | null {
  if (isPooled(expression)) return expression;
  return expression.kind === 'average-pool' && expression.padding === 0 && expression.kernel > 2
    ? meanOf(expression.input, origin)
    : null;
}
