/** Proves in numbers that an extracted net is the graph it came from: both read the same images in ONNX Runtime. */
import { GatewayError } from '../../errors.ts';
import { GraphRunner, type NumericTensor } from '../graph-runner.ts';
import type { DenseNet } from './dense-net.ts';
import { emitFloat } from './emit-float.ts';
import type { BlockFeatures, OnnxExtraction } from './extract/from-onnx.ts';
import { inSinglePrecision } from './extract/single-precision.ts';
import { encodeModel } from './onnx/encode.ts';
import { type OnnxModel, OnnxType } from './onnx/model.ts';
import { IMAGE, LOGIT, tapName } from './tensor-names.ts';

/** Largest difference of a logit that rounding in another order explains; a wrong weight makes a far larger one. */
export const LOGIT_TOLERANCE = 1e-3;

/** From which difference, as a part of the largest value, the features of a block are other ones. */
const FEATURE_TOLERANCE = 1e-3;

/** Images of noise that are read in any case. */
const RANDOM_IMAGES = 3;

/** An image [channels, height, width], normalised as the net was trained. */
export interface TestImage {
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
}

/** What was compared. */
export interface ExtractionCheck {
  readonly images: number;
  readonly largestLogitDifference: number;
}

/**
 * Compares an extracted net with its graph.
 *
 * @param images - beside those of noise, real ones; all of the size of the graph where it has one
 * @throws GatewayError MODEL_INVALID with the label, the difference and the first block that differs
 */
export async function verifyExtraction(
  original: OnnxModel,
  extraction: OnnxExtraction,
  images: readonly TestImage[],
): Promise<ExtractionCheck> {
  const { net, input, output } = extraction;
  const reference = await GraphRunner.load(encodeModel(withOutputs(original, [output.logits])));
  try {
    const extracted = await GraphRunner.load(encodeModel(emitFloat(net)));
    try {
      let largest = 0;
      for (const image of images) {
        const channels = net.stem.conv.inputs;
        const expected = await runOne(reference, input.name, toTensor(image, channels, input.axes), output.logits);
        const found = await runOne(extracted, IMAGE, toTensor(image, channels, 'NCHW'), LOGIT);
        const worst = largestDifference(expected.data, found.data);
        if (!(worst.difference <= LOGIT_TOLERANCE)) {
          const place = await partingPlace(original, extraction, image);
          throw new GatewayError(
            'MODEL_INVALID',
            `The extracted net is not the graph: logit ${worst.index + 1} differs by ${worst.difference.toPrecision(3)}, ` +
              `more than ${LOGIT_TOLERANCE}; they part ${place}.`,
          );
        }
        largest = Math.max(largest, worst.difference);
      }
      return { images: images.length, largestLogitDifference: largest };
    } finally {
      await extracted[Symbol.asyncDispose]();
    }
  } finally {
    await reference[Symbol.asyncDispose]();
  }
}

/**
 * Images of evenly distributed noise, always the same ones.
 *
 * @param range - least and greatest value that the net's preprocessing gives
 */
export function noiseImages(
  channels: number,
  height: number,
  width: number,
  range: { readonly least: number; readonly greatest: number },
): TestImage[] {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: RANDOM_IMAGES }, () => ({
    height,
    width,
    values: Float32Array.from(
      { length: channels * height * width },
      () => range.least + (range.greatest - range.least) * random(),
    ),
  }));
}

/**
 * Runs a net that came without a graph once and looks at what it gives.
 *
 * @param expected - logits of each image from elsewhere, where there are any
 * @throws GatewayError MODEL_INVALID when a logit is not finite or not the expected one
 */
export async function verifyNet(
  net: DenseNet,
  images: readonly TestImage[],
  expected: readonly Float32Array[] = [],
): Promise<ExtractionCheck> {
  const runner = await GraphRunner.load(encodeModel(emitFloat(net)));
  try {
    let largest = 0;
    for (const [index, image] of images.entries()) {
      const { data } = await runOne(runner, IMAGE, toTensor(image, net.stem.conv.inputs, 'NCHW'), LOGIT);
      if (![...data].every(Number.isFinite)) {
        throw new GatewayError('MODEL_INVALID', 'The net gives logits that are not finite.');
      }
      const wanted = expected[index];
      if (wanted === undefined) continue;
      const { difference } = largestDifference(wanted, data);
      if (!(difference <= LOGIT_TOLERANCE)) {
        throw new GatewayError(
          'MODEL_INVALID',
          `A logit differs from the expected one by ${difference.toPrecision(3)}.`,
        );
      }
      largest = Math.max(largest, difference);
    }
    return { images: images.length, largestLogitDifference: largest };
  } finally {
    await runner[Symbol.asyncDispose]();
  }
}

/** The graph in single precision with other outputs. */
function withOutputs(model: OnnxModel, names: readonly string[]): OnnxModel {
  const { graph, ...rest } = inSinglePrecision(model);
  return { ...rest, graph: { ...graph, outputs: names.map((name) => ({ name, type: OnnxType.FLOAT, dims: null })) } };
}

/** The first block whose features differ, in words. */
async function partingPlace(original: OnnxModel, extraction: OnnxExtraction, image: TestImage): Promise<string> {
  const { net, input, features } = extraction;
  const channels = net.stem.conv.inputs;
  const values = features.map(({ value }) => value);
  const taps = features.map((_, block) => tapName.features(block));
  const expected = await runAll(
    withOutputs(original, values),
    input.name,
    toTensor(image, channels, input.axes),
    values,
  );
  const found = await runAll(emitFloat(net, { taps: true }), IMAGE, toTensor(image, channels, 'NCHW'), taps);
  for (const [block, place] of features.entries()) {
    const theirs = expected.get(place.value);
    const ours = found.get(tapName.features(block));
    if (theirs !== undefined && ours !== undefined && differ(theirs, ours, place)) {
      return `in block ${block + 1}${block === 0 ? ' or the stem' : ''}, whose features are at ${place.value}`;
    }
  }
  return 'behind the last block, in the head';
}

function differ(theirs: NumericTensor, ours: NumericTensor, { axes, order }: BlockFeatures): boolean {
  const positions = ours.data.length / order.length;
  const last = axes === 'NHWC';
  let largest = 0;
  let magnitude = 0;
  order.forEach((place, channel) => {
    for (let position = 0; position < positions; position++) {
      const ourValue = ours.data[channel * positions + position] ?? 0;
      const theirValue =
        theirs.data[last ? position * order.length + place : place * positions + position] ?? Number.NaN;
      largest = Math.max(largest, Math.abs(ourValue - theirValue));
      magnitude = Math.max(magnitude, Math.abs(ourValue));
    }
  });
  return !(largest <= FEATURE_TOLERANCE * magnitude);
}

async function runAll(model: OnnxModel, name: string, image: NumericTensor, outputs: readonly string[]) {
  const runner = await GraphRunner.load(encodeModel(model));
  try {
    return await runner.run({ [name]: image }, outputs);
  } finally {
    await runner[Symbol.asyncDispose]();
  }
}

async function runOne(runner: GraphRunner, name: string, image: NumericTensor, output: string): Promise<NumericTensor> {
  const results = await runner.run({ [name]: image }, [output]);
  const result = results.get(output);
  if (result === undefined) throw new GatewayError('MODEL_INVALID', `The graph gives no ${output}.`);
  return result;
}

function toTensor({ height, width, values }: TestImage, channels: number, axes: string): NumericTensor<Float32Array> {
  if (axes === 'NCHW') return { dims: [1, channels, height, width], data: values };
  const area = height * width;
  const data = values.map((_, index) => values[(index % channels) * area + Math.floor(index / channels)] as number);
  return { dims: [1, height, width, channels], data };
}

function largestDifference(
  expected: ArrayLike<number>,
  found: ArrayLike<number>,
): { difference: number; index: number } {
  if (expected.length !== found.length) return { difference: Number.POSITIVE_INFINITY, index: 0 };
  const differences = Array.from(expected, (value, index) => Math.abs(value - (found[index] as number)));
  const wrong = differences.findIndex(Number.isNaN);
  const difference = wrong === -1 ? Math.max(...differences) : Number.NaN;
  return { difference, index: wrong === -1 ? differences.indexOf(difference) : wrong };
}
