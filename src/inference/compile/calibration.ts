/**
 * What calibration knows about a net's activations: enough to compile the INT8 graph again, byte for byte, without the
 * films. It is committed beside the weights as JSON.
 */
import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import type { DenseNet } from './dense-net.ts';

const numbers = z.array(z.number());

const rangeSchema = z.strictObject({
  low: numbers.describe('value of the integer 0, one a channel'),
  high: numbers.describe('value of the integer 255, one a channel'),
});

const meansSchema = numbers.describe('means of relu(scale * x + shift) of the features read, one a channel');

const bottleneckSchema = z.strictObject({
  high: numbers.describe('value of the integer 255, one a channel; the integer 0 is 0'),
  mean: numbers,
});

/** Schema of `calibration.json`. */
const calibrationSchema = z.strictObject({
  schemaVersion: z.literal(1),
  method: z.enum(['minmax', 'percentile', 'mse']),
  films: z.int().positive(),
  height: z.int().positive(),
  width: z.int().positive(),
  margin: z.number().min(0).describe('share by which the chosen ranges were widened at each end'),
  warning: z.string().nullable().describe('what makes these ranges doubtful'),
  imageMean: z.number().describe('mean of the first channel of the normalised films'),
  blocks: z.array(
    z.strictObject({
      features: rangeSchema.describe('what went into the block, then the output of each layer'),
      layers: z.array(z.strictObject({ means: meansSchema, bottleneck: bottleneckSchema })),
      transition: z.strictObject({ means: meansSchema, pooledHigh: numbers }).nullable(),
    }),
  ),
  head: z.strictObject({ means: meansSchema }),
});

/** Ranges and means of every tensor that becomes integer. */
export type Calibration = z.infer<typeof calibrationSchema>;

/** Range of each channel of a tensor. */
export type ChannelRanges = z.infer<typeof rangeSchema>;

/** How ranges are chosen. */
export type RangeMethod = Calibration['method'];

/**
 * Reads `calibration.json`.
 *
 * @throws GatewayError MODEL_INVALID when it is no calibration, or that of another net
 */
export function parseCalibration(text: string, net: DenseNet): Calibration {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new GatewayError('MODEL_INVALID', 'calibration.json is no JSON.', {}, { cause });
  }
  const parsed = calibrationSchema.safeParse(json);
  if (!parsed.success) {
    throw new GatewayError('MODEL_INVALID', `calibration.json: ${z.prettifyError(parsed.error)}.`);
  }
  assertFits(parsed.data, net);
  return parsed.data;
}

/**
 * Makes sure that a calibration is of a net of this shape.
 *
 * @throws GatewayError MODEL_INVALID when the calibration belongs to a net of another shape
 */
export function assertFits(calibration: Calibration, net: DenseNet): void {
  const misfit = (place: string): GatewayError =>
    new GatewayError('MODEL_INVALID', `The calibration belongs to another net: ${place} differs in size.`);
  const check = (place: string, channels: number, ...lists: readonly (readonly number[])[]): void => {
    if (lists.some((list) => list.length !== channels)) throw misfit(place);
  };
  if (calibration.blocks.length !== net.blocks.length) throw misfit('the number of blocks');
  let channels = net.stem.conv.outputs;
  net.blocks.forEach((block, index) => {
    const known = calibration.blocks[index] as Calibration['blocks'][number];
    const place = `block ${index + 1}`;
    if (known.layers.length !== block.layers.length) throw misfit(place);
    block.layers.forEach((layer, position) => {
      const { means, bottleneck } = known.layers[position] as (typeof known.layers)[number];
      check(place, layer.norm1.scale.length, means);
      check(place, layer.conv1.outputs, bottleneck.high, bottleneck.mean);
      channels += layer.conv2.outputs;
    });
    check(place, channels, known.features.low, known.features.high);
    if ((block.transition === null) !== (known.transition === null)) throw misfit(place);
    if (block.transition === null || known.transition === null) return;
    const { means, pooledHigh } = known.transition;
    check(`transition ${index + 1}`, channels, means, pooledHigh);
    channels = block.transition.conv.outputs;
  });
  check('the head', channels, calibration.head.means);
}
