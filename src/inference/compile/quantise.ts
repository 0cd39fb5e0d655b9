/** A DenseNet in integers: everything the INT8 graph needs, and nothing of ONNX. */
import { assertFits, type Calibration, type ChannelRanges } from './calibration.ts';
import { type Clamp, clampOf } from './clamp.ts';
import type { DenseLayer, DenseNet, Transition } from './dense-net.ts';
import { folded, transposed } from './fold.ts';
import {
  type ChannelScale,
  FULL_RANGE,
  type IntegerConvolution,
  inSteps,
  onIntegers,
  REDUCED_RANGE,
  roundConvolution,
  tapMeans,
} from './integer-convolution.ts';
import { STEPS } from './ranges.ts';
import { type Normalisation, stemMeans, stemOnPairs } from './stem.ts';

/** What is to be quantised for. */
export interface QuantiseOptions {
  /** Size of the films in pixels. */
  readonly height: number;
  readonly width: number;
  /** 7-bit weights, for processors without VNNI. */
  readonly reduceRange: boolean;
  /** How pixels become the net's input. */
  readonly normalisation: Normalisation;
}

/** BatchNorm, ReLU, 1x1 convolution, BatchNorm, ReLU, 3x3 convolution. */
export interface IntegerLayer {
  readonly clamp: Clamp;
  readonly conv1: IntegerConvolution;
  readonly conv2: IntegerConvolution;
}

/** BatchNorm, ReLU and pooling (depthwise, 2x2), then the 1x1 convolution. */
export interface IntegerTransition {
  readonly clamp: Clamp;
  readonly pool: IntegerConvolution;
  readonly conv: IntegerConvolution;
}

/** The net in integers up to the head, which is float32. */
export interface IntegerNet {
  readonly stem: IntegerConvolution;
  readonly blocks: readonly {
    readonly layers: readonly IntegerLayer[];
    readonly transition: IntegerTransition | null;
  }[];
  readonly head: {
    readonly clamp: Clamp;
    /** [features, labels]. */
    readonly weights: Float32Array;
    readonly bias: Float32Array;
  };
}

/**
 * Quantises a net.
 *
 * @throws GatewayError MODEL_INVALID when the calibration belongs to another net
 */
export function quantise(net: DenseNet, calibration: Calibration, options: QuantiseOptions): IntegerNet {
  assertFits(calibration, net);
  const range = options.reduceRange ? REDUCED_RANGE : FULL_RANGE;
  const { normalisation } = options;
  const scales = calibration.blocks.map((block) => scaleOf(block.features));
  const first = scales[0] as ChannelScale;
  const meanPixel =
    (calibration.imageMean * (normalisation.std[0] as number) + (normalisation.mean[0] as number)) *
    normalisation.divisor;
  const stem = stemOnPairs(folded(net.stem.conv, net.stem.norm), normalisation, first);
  const blocks = net.blocks.map(({ layers, transition }, index) => {
    const features = scales[index] as ChannelScale;
    const known = calibration.blocks[index] as Calibration['blocks'][number];
    // Behind the stem's two strides of 2 and one of each transition.
    const side = 2 ** (index + 2);
    const size = { height: options.height / side, width: options.width / side };
    let channels = (layers[0] as DenseLayer).norm1.scale.length;
    return {
      layers: layers.map((layer, position) => {
        const from = channels;
        channels += layer.conv2.outputs;
        const grown = sliceOf(features, from, channels);
        return quantiseLayer(layer, known.layers[position] as KnownLayer, features, grown, size, range);
      }),
      transition:
        transition === null || known.transition === null
          ? null
          : quantiseTransition(transition, known.transition, features, scales[index + 1] as ChannelScale, range),
    };
  });
  return {
    stem: roundConvolution(stem, stemMeans(meanPixel), range),
    blocks,
    head: quantiseHead(net, calibration, scales.at(-1) as ChannelScale),
  };
}

type KnownLayer = Calibration['blocks'][number]['layers'][number];
type KnownTransition = NonNullable<Calibration['blocks'][number]['transition']>;

function quantiseLayer(
  layer: DenseLayer,
  known: KnownLayer,
  features: ChannelScale,
  grown: ChannelScale,
  size: { readonly height: number; readonly width: number },
  range: number,
): IntegerLayer {
  const clamp = clampOf(layer.norm1, features, known.means);
  const bottleneck = fromZero(known.bottleneck.high);
  const conv1 = onIntegers(folded(layer.conv1, layer.norm2), clamp, bottleneck);
  const mean = Float64Array.from(known.bottleneck.mean, (value, channel) =>
    inSteps(value, bottleneck.step[channel] as number),
  );
  const conv2 = onIntegers(layer.conv2, { factor: bottleneck.step, offset: bottleneck.low, mean }, grown);
  return {
    clamp,
    conv1: roundConvolution(conv1, clamp.mean, range),
    conv2: roundConvolution(conv2, tapMeans(mean, layer.conv2.kernel, 1, size), range),
  };
}

function quantiseTransition(
  transition: Transition,
  known: KnownTransition,
  features: ChannelScale,
  next: ChannelScale,
  range: number,
): IntegerTransition {
  const clamp = clampOf(transition.norm, features, known.means);
  const pooled = fromZero(known.pooledHigh);
  const mean = Float64Array.from(known.means, (value, channel) => inSteps(value, pooled.step[channel] as number));
  const conv = onIntegers(transition.conv, { factor: pooled.step, offset: pooled.low, mean }, next);
  return { clamp, pool: poolOf(clamp, pooled), conv: roundConvolution(conv, mean, range) };
}

/** Average pooling as a depthwise 2x2 convolution. Its four weights are equal, so any magnitude is exact: 64 suits all. */
function poolOf(clamp: Clamp, pooled: ChannelScale): IntegerConvolution {
  const channels = clamp.factor.length;
  const weights = new Float64Array(channels * 4);
  const bias = new Float64Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const step = pooled.step[channel] as number;
    weights.fill(inSteps((clamp.factor[channel] as number) / 4, step), channel * 4, channel * 4 + 4);
    bias[channel] = inSteps(clamp.offset[channel] as number, step);
  }
  const real = { outputs: channels, inputs: 1, kernel: [2, 2] as const, weights, bias };
  return roundConvolution(real, new Float64Array(4), REDUCED_RANGE);
}

function quantiseHead(net: DenseNet, calibration: Calibration, features: ChannelScale): IntegerNet['head'] {
  const { norm, labels } = net.head;
  const channels = norm.scale.length;
  const clamp = clampOf(norm, features, calibration.head.means);
  const bias = Float32Array.from(net.head.bias, (shift, label) => {
    let constant = shift;
    for (let channel = 0; channel < channels; channel++) {
      constant += (net.head.weights[label * channels + channel] as number) * (clamp.offset[channel] as number);
    }
    return constant;
  });
  const weights = net.head.weights.map((weight, index) => weight * (clamp.factor[index % channels] as number));
  return { clamp, weights: transposed(weights, labels, channels), bias };
}

function scaleOf({ low, high }: ChannelRanges): ChannelScale {
  return {
    low: Float64Array.from(low),
    step: Float64Array.from(high, (value, channel) => stepOf(low[channel] as number, value)),
  };
}

function fromZero(high: readonly number[]): ChannelScale {
  return { low: new Float64Array(high.length), step: Float64Array.from(high, (value) => stepOf(0, value)) };
}

function stepOf(low: number, high: number): number {
  return high > low ? (high - low) / STEPS : 0;
}

function sliceOf({ low, step }: ChannelScale, from: number, to: number): ChannelScale {
  return { low: low.subarray(from, to), step: step.subarray(from, to) };
}
