/** Walks a graph once, in its order, and says what each of its values is. */
import { GatewayError } from '../../../errors.ts';
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxValueInfo } from '../onnx/model.ts';
import { integersAttribute } from './attributes.ts';
import { type Constant, constantNode, constantOf, fold } from './constant.ts';
import { combine } from './elementwise.ts';
import type { Origin } from './expression.ts';
import { OPERATORS } from './operators.ts';
import { concatenate } from './shapes.ts';
import { featuresOf, foreign, type Value } from './values.ts';

/** The graph's image input, and every value by name. */
export interface Trace {
  readonly image: OnnxValueInfo;
  /** Order of the image's axes, NCHW or NHWC. */
  readonly imageAxes: string;
  readonly values: ReadonlyMap<string, Value>;
}

const ELEMENTWISE = new Set(['Add', 'Sub', 'Mul', 'Div']);
const ONNX_DOMAINS = new Set(['', 'ai.onnx']);

/** A graph of DenseNet-121 has up to about 2,000 nodes; expressions nest as deeply as the graph has nodes. */
const MAXIMUM_NODES = 10_000;

/**
 * Traces a graph.
 *
 * @throws GatewayError MODEL_INVALID when it has not exactly one input, an image of four axes
 */
export function trace({ graph }: OnnxModel): Trace {
  if (graph.nodes.length > MAXIMUM_NODES) throw wrong(`it has ${graph.nodes.length} nodes`);
  const values = new Map<string, Value>();
  for (const tensor of graph.initializers) values.set(tensor.name, { kind: 'constant', constant: constantOf(tensor) });
  const [image, ...others] = graph.inputs.filter(({ name }) => !values.has(name));
  if (image === undefined || others.length > 0)
    throw wrong(`it has ${others.length + (image ? 1 : 0)} inputs in place of one`);
  const imageAxes = axesOf(image, graph);
  const channels = image.dims?.[imageAxes.indexOf('C')];
  const origin = { node: `input ${image.name}`, value: image.name };
  const expression = { kind: 'image', origin, channels: typeof channels === 'number' ? channels : 0 } as const;
  values.set(image.name, featuresOf(expression, imageAxes));
  for (const node of graph.nodes) {
    const [output] = node.outputs;
    if (output !== undefined) values.set(output, evaluate(node, values, output));
  }
  return { image, imageAxes, values };
}

function evaluate(node: OnnxNode, values: ReadonlyMap<string, Value>, output: string): Value {
  const origin: Origin = { node: `${node.name || output} (${node.opType})`, value: output };
  if (node.opType === 'Constant') {
    const constant = constantNode(node);
    return constant === null ? foreign('holds a constant of an unknown form', origin) : { kind: 'constant', constant };
  }
  const inputs = node.inputs.map((name) =>
    name === '' ? undefined : (values.get(name) ?? foreign(`reads ${name}, which nothing gives`, origin)),
  );
  const stranger = inputs.find((value) => value?.kind === 'features' && value.expression.kind === 'foreign');
  if (stranger !== undefined) return stranger;
  if (!ONNX_DOMAINS.has(node.domain)) return foreign(`is of the operator set ${node.domain}`, origin);
  const constants = inputs.flatMap((value): Constant[] => (value?.kind === 'constant' ? [value.constant] : []));
  if (constants.length === inputs.length) {
    const constant = fold(node, constants);
    return constant === null
      ? foreign('computes on constants in a way that is not known', origin)
      : { kind: 'constant', constant };
  }
  if (node.opType === 'Shape') return { kind: 'size' };
  if (!inputs.some((value) => value?.kind === 'features')) return { kind: 'size' };
  return apply(node, inputs, origin);
}

function apply(node: OnnxNode, inputs: readonly (Value | undefined)[], origin: Origin): Value {
  if (node.opType === 'Concat') return concatenate(node, inputs, origin);
  if (ELEMENTWISE.has(node.opType)) return combine(node, inputs, origin);
  const operator = Object.hasOwn(OPERATORS, node.opType) ? OPERATORS[node.opType] : undefined;
  const [first, ...rest] = inputs;
  if (operator === undefined) return foreign('DenseNet does not have', origin);
  if (first?.kind !== 'features') return foreign('does not begin with a feature map', origin);
  return operator(node, first, rest, origin);
}

/** 1 or 3 channels tell; where sizes are not given, a Transpose that brings the channels forward. */
function axesOf({ name, dims }: OnnxValueInfo, graph: OnnxGraph): string {
  const isChannels = (size: number | string | undefined) => size === 1 || size === 3;
  if (dims !== null && dims.length !== 4) throw wrong(`its input ${name} has ${dims.length} axes in place of four`);
  if (isChannels(dims?.[1])) return 'NCHW';
  if (isChannels(dims?.[3])) return 'NHWC';
  const reader = graph.nodes.find(({ inputs, opType }) => opType === 'Transpose' && inputs.includes(name));
  return reader !== undefined && integersAttribute(reader, 'perm')?.join() === '0,3,1,2' ? 'NHWC' : 'NCHW';
}

function wrong(problem: string): GatewayError {
  return new GatewayError('MODEL_INVALID', `The graph is not DenseNet-121: ${problem}.`);
}
