import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/inference/compile/calibrate.ts';
import { parseCalibration } from '../../../src/inference/compile/calibration.ts';
import { BINS, ChannelStatistics } from '../../../src/inference/compile/channel-statistics.ts';
import { usefulLimits } from '../../../src/inference/compile/feature-limits.ts';
import { chooseRange } from '../../../src/inference/compile/ranges.ts';
import { shortest } from '../../../src/inference/compile/shortest.ts';
import { codeOf } from '../support.ts';
import { calibrateOn } from './support.ts';
import { greyFilms, normalised, random, THREE_CHANNELS, tinyNet } from './tiny-net.ts';

const size = { height: 32, width: 32 };
const films = (count: number) => greyFilms(count, 32, 32).map((film) => normalised(film, THREE_CHANNELS));

describe('calibration', () => {
  it('covers what the films show, and more by the margin', async () => {
    const net = tinyNet();
    const tight = await calibrateOn(net, THREE_CHANNELS, { margin: 0 });
    const wide = await calibrateOn(net, THREE_CHANNELS, { margin: 0.5 });
    const high = (calibration: typeof tight) => calibration.blocks[0]?.layers[0]?.bottleneck.high ?? [];
    for (const [channel, value] of high(tight).entries()) expect(high(wide)[channel]).toBeCloseTo(1.5 * value, 3);
    // Nothing behind a ReLU needs integers below 0, and what came from the stem has passed one.
    expect(Math.min(...(wide.blocks[0]?.features.low.slice(0, net.stem.conv.outputs) ?? []))).toBeGreaterThanOrEqual(0);
  });

  it('is the same whether the films come at once or one after the other, and reads them twice', async () => {
    const net = tinyNet();
    let opened = 0;
    const streamed = {
      async *[Symbol.asyncIterator]() {
        opened++;
        yield* films(3);
      },
    };
    const options = { ...size, method: 'mse' } as const;
    expect(await calibrate(net, streamed, options)).toEqual(await calibrate(net, films(3), options));
    expect(opened).toBe(2);
  });

  it('reports each film of each pass, and stops when told to', async () => {
    const seen: string[] = [];
    const controller = new AbortController();
    const reading = calibrate(tinyNet(), films(3), {
      ...size,
      method: 'mse',
      signal: controller.signal,
      onProgress: ({ pass, films: count }) => {
        seen.push(`${pass}:${count}`);
        if (pass === 2 && count === 2) controller.abort(new Error('enough'));
      },
    });
    await expect(reading).rejects.toThrow('enough');
    expect(seen).toEqual(['1:1', '1:2', '1:3', '2:1', '2:2']);
  });

  it('warns of too few films', async () => {
    expect((await calibrateOn(tinyNet(), THREE_CHANNELS, { films: 3 })).warning).toContain('on 3 films');
    expect((await calibrateOn(tinyNet(), THREE_CHANNELS, { films: 64 })).warning).toBeNull();
  });

  it('refuses no films, films of another size and films that vanish', async () => {
    const options = { ...size, method: 'minmax' } as const;
    expect(await codeOf(calibrate(tinyNet(), [], options))).toBe('BAD_REQUEST');
    expect(await codeOf(calibrate(tinyNet(), [new Float32Array(7)], options))).toBe('BAD_REQUEST');
    const once = films(2).values();
    await expect(calibrate(tinyNet(), once, { ...size, method: 'mse' })).rejects.toThrow('no film');
  });

  it('survives JSON, and is refused by another net', async () => {
    const net = tinyNet();
    const calibration = await calibrateOn(net, THREE_CHANNELS);
    const text = JSON.stringify(calibration);
    expect(parseCalibration(text, net)).toEqual(calibration);
    expect(() => parseCalibration(text, tinyNet({ blocks: [2, 2] }))).toThrow('belongs to another net');
    expect(() => parseCalibration('{"schemaVersion":1}', net)).toThrow('calibration.json');
    expect(() => parseCalibration('<html>', net)).toThrow('no JSON');
  });
});

describe('the useful range of a feature', () => {
  it('begins where the first reader becomes active, and is everything for readers of both signs', () => {
    const net = tinyNet({ blocks: [1] });
    const norm = net.blocks[0]?.layers[0]?.norm1;
    if (norm === undefined) throw new Error('no layer');
    const set = (channel: number, layer: [number, number], head: [number, number]) => {
      [norm.scale[channel], norm.shift[channel]] = layer;
      [net.head.norm.scale[channel], net.head.norm.shift[channel]] = head;
    };
    set(0, [1, -2], [2, -1]);
    set(1, [-1, 3], [-1, 4]);
    set(2, [-1, 3], [1, -1]);
    set(3, [0, 1], [0, 1]);
    const { low, high } = usefulLimits(net, 0);
    // Features 0 to 7 come from the stem: never below 0.
    expect([...low.slice(0, 4)]).toEqual([0.5, 0, 0, 0]);
    expect([...high.slice(0, 4)]).toEqual([Number.POSITIVE_INFINITY, 4, Number.POSITIVE_INFINITY, 0]);
  });
});

describe('the range of a channel', () => {
  /** Statistics of one channel. */
  const statisticsOf = (values: Float32Array) => {
    const limits = { low: Float64Array.of(Number.NEGATIVE_INFINITY), high: Float64Array.of(Number.POSITIVE_INFINITY) };
    const statistics = new ChannelStatistics(limits);
    statistics.addExtremes(values, values.length);
    statistics.addHistogram(values, values.length);
    return {
      extremes: { low: statistics.low[0] ?? 0, high: statistics.high[0] ?? 0 },
      histogram: statistics.histogram(0),
    };
  };
  const next = random(6);
  // About normal, and one value far out.
  const values = Float32Array.from({ length: 20_000 }, () => next() + next() + next() + next());
  values[17] = 40;
  const { extremes, histogram } = statisticsOf(values);

  /** Mean squared error of quantising the values in 255 steps of a range. */
  const error = (low: number, high: number) => {
    const step = (high - low) / 255;
    const squares = values.map((value) => {
      const integer = Math.max(0, Math.min(255, Math.round((value - low) / step)));
      return (low + step * integer - value) ** 2;
    });
    return squares.reduce((sum, square) => sum + square, 0) / values.length;
  };

  it('counts every value once', () => {
    expect(histogram.reduce((sum, count) => sum + count, 0)).toBe(values.length);
    expect(histogram).toHaveLength(BINS);
  });

  it('is everything, all but the tails, or what costs least', () => {
    expect(chooseRange(extremes, histogram, 'minmax', false)).toEqual(extremes);
    const percentile = chooseRange(extremes, histogram, 'percentile', false);
    expect(percentile.high).toBeLessThan(5);
    const mse = chooseRange(extremes, histogram, 'mse', false);
    const least = error(mse.low, mse.high);
    expect(least).toBeLessThan(error(extremes.low, extremes.high));
    expect(least).toBeLessThan(error(percentile.low, percentile.high) * 1.0001);
    for (const [low, high] of [
      [mse.low - 0.5, mse.high],
      [mse.low, mse.high + 2],
      [mse.low, mse.high - 2],
    ] as const) {
      expect(least).toBeLessThan(error(low, high) * 1.02);
    }
  });

  it('keeps its lower end behind a ReLU, and is a point where nothing varies', () => {
    for (const method of ['percentile', 'mse'] as const) {
      expect(chooseRange(extremes, histogram, method, true).low).toBe(extremes.low);
      const still = statisticsOf(new Float32Array(5).fill(3));
      expect(chooseRange(still.extremes, still.histogram, method, false)).toEqual({ low: 3, high: 3 });
    }
  });
});

describe('numbers in the file', () => {
  it('have no more digits than their float32', () => {
    const values = [0.1, 1 / 3, 123456.789, -2e-7, 0, 5];
    expect(values.map((value) => shortest(value))).toEqual([0.1, 0.33333334, 123456.79, -2e-7, 0, 5]);
    for (const value of values) expect(Math.fround(shortest(value))).toBe(Math.fround(value));
    expect(shortest(1 / 3, 4)).toBe(0.3333);
    expect(shortest(2, 4)).toBe(2);
  });
});
