/** Constants of a graph, and the arithmetic on them that exporters leave undone. */
import { elementCount } from '../checkpoint/state-dict.ts';
import { type OnnxNode, type OnnxTensor, OnnxType } from '../onnx/model.ts';
import { floatValues, integerValues } from '../onnx/tensor.ts';
import { gatherStrided } from '../strided.ts';
import { integerAttribute, integersAttribute } from './attributes.ts';

/** A tensor whose values are known; whole numbers are exact up to 2 ** 53. */
export interface Constant {
  readonly dims: readonly number[];
  readonly values: Float32Array | readonly number[];
}

const FLOATING = new Set<number>([OnnxType.FLOAT, OnnxType.DOUBLE, OnnxType.FLOAT16, OnnxType.BFLOAT16]);

/** A tensor of the file. */
export function constantOf(tensor: OnnxTensor): Constant {
  return { dims: tensor.dims, values: FLOATING.has(tensor.type) ? floatValues(tensor) : integerValues(tensor) };
}

/** The values as float32. */
export function floats({ values }: Constant): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/** What a Constant node holds; null when its form is not known. */
export function constantNode({ attributes }: OnnxNode): Constant | null {
  const [attribute] = Object.values(attributes);
  switch (attribute?.kind) {
    case 'tensor':
      return constantOf(attribute.value);
    case 'float':
      return { dims: [], values: Float32Array.of(attribute.value) };
    case 'floats':
      return { dims: [attribute.value.length], values: Float32Array.from(attribute.value) };
    case 'int':
      return { dims: [], values: [attribute.value] };
    case 'ints':
      return { dims: [attribute.value.length], values: attribute.value };
    default:
      return null;
  }
}

/**
 * What a node gives on constants.
 *
 * @returns null when it is no operation that exporters leave between weights and their layer
 */
export function fold(node: OnnxNode, inputs: readonly Constant[]): Constant | null {
  const [first, second] = inputs;
  if (first === undefined) return null;
  switch (node.opType) {
    case 'Identity':
    case 'Cast':
    case 'Dropout':
      return first;
    case 'Sqrt':
      return map(first, Math.sqrt);
    case 'Reciprocal':
      return map(first, (value) => 1 / value);
    case 'Neg':
      return map(first, (value) => -value);
    case 'Transpose':
      return transpose(
        first,
        integersAttribute(node, 'perm') ?? first.dims.map((_, axis) => first.dims.length - 1 - axis),
      );
    case 'Reshape':
      return second === undefined ? null : reshape(first, second.values);
    case 'Squeeze':
    case 'Unsqueeze':
      return resizeRank(node, first, second);
    case 'Concat':
      return inputs.every(({ dims }) => dims.length === 1)
        ? {
            dims: [inputs.reduce((sum, { values }) => sum + values.length, 0)],
            values: inputs.flatMap(({ values }) => [...values]),
          }
        : null;
    default:
      return second === undefined ? null : arithmetic(node, first, second);
  }
}

function arithmetic(node: OnnxNode, a: Constant, b: Constant): Constant | null {
  switch (node.opType) {
    case 'Add':
      return broadcast(a, b, (x, y) => x + y);
    case 'Sub':
      return broadcast(a, b, (x, y) => x - y);
    case 'Mul':
      return broadcast(a, b, (x, y) => x * y);
    case 'Div':
      return a.values instanceof Float32Array ? broadcast(a, b, (x, y) => x / y) : null;
    case 'Pow':
      return broadcast(a, b, (x, y) => x ** y);
    case 'Gather':
      return integerAttribute(node, 'axis', 0) === 0 && a.dims.length === 1 ? gather(a, b) : null;
    default:
      return null;
  }
}

function map({ dims, values }: Constant, change: (value: number) => number): Constant {
  return { dims, values: Float32Array.from(values, change) };
}

function gather(list: Constant, { dims, values }: Constant): Constant | null {
  const picked = [...values].map((index) => list.values.at(index));
  if (picked.includes(undefined)) return null;
  const numbers = picked as number[];
  return { dims, values: list.values instanceof Float32Array ? Float32Array.from(numbers) : numbers };
}

/** Axes in a new order. */
export function transpose({ dims, values }: Constant, order: readonly number[]): Constant | null {
  if (order.length !== dims.length || new Set(order).size !== dims.length) return null;
  if (order.some((axis) => axis < 0 || axis >= dims.length)) return null;
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, size) => product * size, 1));
  const resultDims = order.map((axis) => dims[axis] as number);
  const steps = order.map((axis) => strides[axis] as number);
  return { dims: resultDims, values: walk(resultDims, steps, values) };
}

/** Values of `source` in the order of row-major positions of `dims`, where a step along each axis moves by `steps`. */
function walk(dims: readonly number[], steps: readonly number[], source: Constant['values']): Float32Array {
  return gatherStrided(source, { count: elementCount(dims, 'a constant'), dims, strides: steps, offset: 0 });
}

function reshape({ dims, values }: Constant, shape: Constant['values']): Constant | null {
  const wanted = [...shape].map((size, axis) => (size === 0 ? (dims[axis] ?? 0) : size));
  const known = wanted.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const result = wanted.map((size) => (size === -1 ? values.length / known : size));
  return result.reduce((product, size) => product * size, 1) === values.length ? { dims: result, values } : null;
}

function resizeRank(node: OnnxNode, { dims, values }: Constant, axesInput: Constant | undefined): Constant | null {
  const axes = axesInput === undefined ? integersAttribute(node, 'axes') : [...axesInput.values];
  if (node.opType === 'Squeeze') {
    const rank = dims.length;
    const dropped = new Set(
      (axes ?? dims.flatMap((size, axis) => (size === 1 ? [axis] : []))).map((a) => (a + rank) % rank),
    );
    return { dims: dims.filter((_, axis) => !dropped.has(axis)), values };
  }
  if (axes === null) return null;
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => (axis + rank) % rank));
  const rest = [...dims];
  return { dims: Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.shift() ?? 1))), values };
}

function broadcast(a: Constant, b: Constant, combine: (x: number, y: number) => number): Constant | null {
  const rank = Math.max(a.dims.length, b.dims.length);
  const left = padded(a.dims, rank);
  const right = padded(b.dims, rank);
  const dims: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const x = left[axis] as number;
    const y = right[axis] as number;
    if (x !== y && x !== 1 && y !== 1) return null;
    dims.push(x === 1 ? y : x);
  }
  const xs = walk(dims, broadcastSteps(left), a.values);
  const ys = walk(dims, broadcastSteps(right), b.values);
  return { dims, values: xs.map((x, index) => combine(x, ys[index] as number)) };
}

function padded(dims: readonly number[], rank: number): number[] {
  return [...new Array<number>(rank - dims.length).fill(1), ...dims];
}

function broadcastSteps(dims: readonly number[]): number[] {
  return dims.map((size, axis) => (size === 1 ? 0 : dims.slice(axis + 1).reduce((product, next) => product * next, 1)));
}
