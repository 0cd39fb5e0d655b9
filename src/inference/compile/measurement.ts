/** What calibration measures of a net while it reads films: ranges and means, channel by channel. */
import { GatewayError } from '../../errors.ts';
import type { NumericTensor } from '../graph-runner.ts';
import type { Calibration, RangeMethod } from './calibration.ts';
import { ChannelStatistics } from './channel-statistics.ts';
import type { DenseNet } from './dense-net.ts';
import { readersOf, reluLimits, usefulLimits } from './feature-limits.ts';
import { chooseRange, type Range } from './ranges.ts';
import { ReadingStatistics } from './reading-statistics.ts';
import { shortest } from './shortest.ts';
import { tapName } from './tensor-names.ts';

/** Fewer films than this make ranges doubtful. */
const ENOUGH_FILMS = 64;

/** Digits of means, which correct a rounding error: four say more than enough. */
const MEAN_DIGITS = 4;

/** What the result says about itself. */
export interface MeasurementOptions {
  readonly method: RangeMethod;
  readonly margin: number;
  readonly height: number;
  readonly width: number;
}

/** Statistics of one block. */
interface BlockStatistics {
  readonly features: ChannelStatistics;
  /** Of the layers, then of the transition or the head. */
  readonly readings: readonly ReadingStatistics[];
  readonly bottlenecks: readonly ChannelStatistics[];
  readonly pooled: ChannelStatistics | null;
}

/** Everything that calibration measures of a net. */
export class Measurement {
  films = 0;
  readonly #blocks: readonly BlockStatistics[];
  /** Tensors with ranges, by the name of the tap. */
  readonly #tapped = new Map<string, ChannelStatistics>();
  #imageSum = 0;

  constructor(net: DenseNet) {
    this.#blocks = net.blocks.map(({ layers, transition }, block) => ({
      features: this.#tap(tapName.features(block), new ChannelStatistics(usefulLimits(net, block))),
      readings: readersOf(net, block).map((norm) => new ReadingStatistics(norm)),
      bottlenecks: layers.map(({ conv1 }, layer) =>
        this.#tap(tapName.bottleneck(block, layer), new ChannelStatistics(reluLimits(conv1.outputs), true)),
      ),
      pooled:
        transition === null
          ? null
          : this.#tap(tapName.pooled(block), new ChannelStatistics(reluLimits(transition.norm.scale.length), true)),
    }));
  }

  /** Outputs of the tapped FP32 graph that are wanted. */
  get taps(): string[] {
    return [...this.#tapped.keys()];
  }

  /** First pass: one film, and the tensors {@link taps} names. */
  addExtremes(firstChannel: Float32Array, tensors: ReadonlyMap<string, NumericTensor>): void {
    this.films++;
    this.#imageSum += meanOf(firstChannel);
    for (const [name, statistics] of this.#tapped) {
      const { values, positions } = tapped(tensors, name);
      statistics.addExtremes(values, positions);
    }
    this.#blocks.forEach(({ features, readings }, block) => {
      const { values, positions } = tapped(tensors, tapName.features(block));
      for (const reading of readings) reading.add(values, features.channels, positions);
    });
  }

  /** Second pass. */
  addHistograms(tensors: ReadonlyMap<string, NumericTensor>): void {
    for (const [name, statistics] of this.#tapped) {
      const { values, positions } = tapped(tensors, name);
      statistics.addHistogram(values, positions);
    }
  }

  /** Ranges and means, once both passes are through. */
  result(options: MeasurementOptions): Calibration {
    const { method, height, width, margin } = options;
    const last = this.#blocks.at(-1)?.readings.at(-1);
    if (last === undefined) throw new GatewayError('MODEL_INVALID', 'The net has no block.');
    return {
      schemaVersion: 1,
      method,
      films: this.films,
      height,
      width,
      margin,
      warning:
        this.films < ENOUGH_FILMS ? `Calibrated on ${this.films} films; at least ${ENOUGH_FILMS} are wanted.` : null,
      imageMean: shortest(this.#imageSum / this.films),
      blocks: this.#blocks.map((block) => blockResult(block, method, margin)),
      head: { means: rounded(last.means()) },
    };
  }

  #tap(name: string, statistics: ChannelStatistics): ChannelStatistics {
    this.#tapped.set(name, statistics);
    return statistics;
  }
}

function blockResult(block: BlockStatistics, method: RangeMethod, margin: number): Calibration['blocks'][number] {
  const ranges = rangesOf(block.features, method, margin);
  const readings = block.readings.map((reading) => rounded(reading.means()));
  const behind = readings.at(-1);
  return {
    features: { low: ranges.map(({ low }) => shortest(low)), high: ranges.map(({ high }) => shortest(high)) },
    layers: block.bottlenecks.map((bottleneck, layer) => ({
      means: readings[layer] as number[],
      bottleneck: {
        high: rangesOf(bottleneck, method, margin).map(({ high }) => shortest(high)),
        mean: Array.from({ length: bottleneck.channels }, (_, channel) =>
          shortest(bottleneck.mean(channel), MEAN_DIGITS),
        ),
      },
    })),
    transition:
      block.pooled === null || behind === undefined
        ? null
        : { means: behind, pooledHigh: rangesOf(block.pooled, method, margin).map(({ high }) => shortest(high)) },
  };
}

function rounded(means: readonly number[]): number[] {
  return means.map((mean) => shortest(mean, MEAN_DIGITS));
}

function rangesOf(statistics: ChannelStatistics, method: RangeMethod, margin: number): Range[] {
  return Array.from({ length: statistics.channels }, (_, channel) => {
    const limits = statistics.limits(channel);
    const extremes = { low: statistics.low[channel] as number, high: statistics.high[channel] as number };
    const range = chooseRange(extremes, statistics.histogram(channel), method, limits.low === extremes.low);
    const more = margin * (range.high - range.low);
    return { low: Math.max(limits.low, range.low - more), high: Math.min(limits.high, range.high + more) };
  });
}

function tapped(
  tensors: ReadonlyMap<string, NumericTensor>,
  name: string,
): { values: Float32Array; positions: number } {
  const tensor = tensors.get(name);
  if (!(tensor?.data instanceof Float32Array)) throw new GatewayError('MODEL_INVALID', `The graph gives no ${name}.`);
  const [, , rows = 0, columns = 0] = tensor.dims;
  return { values: tensor.data, positions: rows * columns };
}

function meanOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
