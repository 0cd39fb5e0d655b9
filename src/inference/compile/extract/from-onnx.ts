/** DenseNet-121 out of an ONNX graph of whatever exporter. */
import { GatewayError } from '../../../errors.ts';
import type { DenseNet } from '../dense-net.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { type Architecture, DENSENET_121 } from './architecture.ts';
import { matchDenseNet } from './match.ts';
import { type Trace, trace } from './trace.ts';
import type { Value } from './values.ts';

/** Features of one block in the original graph. */
export interface BlockFeatures {
  /** Name of the value. */
  readonly value: string;
  /** Order of its axes: NCHW or NHWC. */
  readonly axes: string;
  /** Where each channel of the net is in the value. */
  readonly order: readonly number[];
}

/** A net with what is needed to compare it with its graph. */
export interface OnnxExtraction {
  readonly net: DenseNet;
  /** One a block, first block first. */
  readonly features: readonly BlockFeatures[];
  readonly input: {
    readonly name: string;
    /** Order of its axes: NCHW or NHWC. */
    readonly axes: string;
    /** Pixels, where the graph has a fixed size. */
    readonly height: number | null;
    readonly width: number | null;
  };
  readonly output: {
    readonly name: string;
    /** Whether a sigmoid is already applied. */
    readonly sigmoid: boolean;
    /** Name of the value before the sigmoid. */
    readonly logits: string;
  };
}

/**
 * The net that a graph computes.
 *
 * @throws GatewayError MODEL_INVALID naming the node where the graph is another net
 */
export function netFromOnnx(model: OnnxModel, architecture: Architecture = DENSENET_121): DenseNet {
  return extractFromOnnx(model, architecture).net;
}

/**
 * The net that a graph computes, recognised by what its nodes do, not by their names. Understood are BatchNorm kept, folded or
 * as arithmetic; channels first or last; padding in nodes of its own; half precision; constants in nodes or initializers;
 * concatenations of all features or of the last two.
 *
 * @throws GatewayError MODEL_INVALID naming the node where the graph is another net
 */
export function extractFromOnnx(model: OnnxModel, architecture: Architecture = DENSENET_121): OnnxExtraction {
  const traced = trace(model);
  const output = chooseOutput(model, traced);
  const match = matchDenseNet(output.logits, architecture);
  const dims = traced.image.dims ?? [];
  const size = (axis: string) => {
    const value = dims[traced.imageAxes.indexOf(axis)];
    return typeof value === 'number' && value > 0 ? value : null;
  };
  return {
    net: match.net,
    features: match.features.map(({ value, order }) => ({ value, order, axes: axesOf(traced, value) })),
    input: { name: traced.image.name, axes: traced.imageAxes, height: size('H'), width: size('W') },
    output: { name: output.name, sigmoid: output.sigmoid, logits: output.logits.origin.value },
  };
}

function axesOf({ values }: Trace, name: string): string {
  const value = values.get(name);
  return value?.kind === 'features' ? value.axes : '';
}

/** The first output that is a vector; logits are preferred to probabilities, which lose digits near 0 and 1. */
function chooseOutput({ graph }: OnnxModel, { values }: Trace) {
  const found = graph.outputs.map(({ name }) => classify(name, values.get(name)));
  const vectors = found.filter(({ logits }) => logits.kind === 'linear');
  const chosen = vectors.find(({ sigmoid }) => !sigmoid) ?? vectors[0] ?? found[0];
  if (chosen === undefined) throw new GatewayError('MODEL_INVALID', 'The graph has no output.');
  return chosen;
}

function classify(name: string, value: Value | undefined) {
  if (value?.kind !== 'features') {
    throw new GatewayError('MODEL_INVALID', `The graph's output ${name} does not depend on its image.`);
  }
  const { expression } = value;
  const sigmoid = expression.kind === 'sigmoid';
  return { name, sigmoid, logits: sigmoid ? expression.input : expression };
}
