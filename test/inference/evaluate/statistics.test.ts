import { describe, expect, test } from 'vitest';
import { percentileInterval, Resamples } from '../../../src/inference/evaluate/bootstrap.ts';
import { chooseThreshold, operatingPointAt } from '../../../src/inference/evaluate/operating-points.ts';
import { SeededRandom } from '../../../src/inference/evaluate/random.ts';
import { expectedCalibrationError, reliabilityCurve } from '../../../src/inference/evaluate/reliability.ts';
import { type LabelSample, RankedSample } from '../../../src/inference/evaluate/roc.ts';
import { fp32, int8, patients, truths } from './support.ts';

const sample = (probabilities: readonly number[], truths: readonly number[]): LabelSample => ({
  probabilities: Float32Array.from(probabilities),
  truths: Uint8Array.from(truths),
});

describe('AUC', () => {
  test.each([
    ['perfect', [0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 1],
    ['perfectly wrong', [0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1], 0],
    ['all tied', [0.5, 0.5, 0.5], [0, 1, 0], 0.5],
    // Pairs: (0.6 against 0.2, 0.6, 0.7) 1 + 0.5 + 0, (0.9 against them) 3; of 6.
    ['by hand', [0.2, 0.6, 0.6, 0.7, 0.9], [0, 1, 0, 0, 1], 4.5 / 6],
  ])('%s', (_, probabilities, truth, expected) => {
    expect(new RankedSample(sample(probabilities, truth)).auc()).toBe(expected);
  });

  test('is not defined without both kinds', () => {
    expect(new RankedSample(sample([0.1, 0.2], [0, 0])).auc()).toBeNaN();
    expect(new RankedSample(sample([0.1, 0.2], [1, 1])).auc()).toBeNaN();
  });

  test('weights count a film so many times', () => {
    const weighted = new RankedSample(sample([0.2, 0.6, 0.6, 0.7], [0, 1, 0, 1])).auc(Uint32Array.of(2, 1, 3, 0));
    const repeated = new RankedSample(sample([0.2, 0.2, 0.6, 0.6, 0.6, 0.6], [0, 0, 1, 0, 0, 0])).auc();
    expect(weighted).toBe(repeated);
  });

  test('agrees with NumPy on 120 films, with and without ties', () => {
    expect(new RankedSample({ probabilities: fp32, truths }).auc()).toBeCloseTo(0.7687567959405581, 14);
    expect(new RankedSample({ probabilities: int8, truths }).auc()).toBeCloseTo(0.7649510692279812, 14);
  });

  test('the curve goes from none to all, one step a distinct probability', () => {
    expect(new RankedSample(sample([0.25, 0.5, 0.5, 0.75], [0, 1, 0, 1])).curve()).toEqual([
      { threshold: Number.POSITIVE_INFINITY, truePositives: 0, falsePositives: 0 },
      { threshold: 0.75, truePositives: 1, falsePositives: 0 },
      { threshold: 0.5, truePositives: 2, falsePositives: 1 },
      { threshold: 0.25, truePositives: 2, falsePositives: 2 },
    ]);
  });
});

describe('bootstrap', () => {
  test('random numbers are those of the reference written in Python', () => {
    const random = new SeededRandom(7);
    expect(Array.from({ length: 12 }, () => random.below(10))).toEqual([0, 1, 9, 9, 3, 6, 3, 1, 6, 7, 3, 0]);
  });

  test('draws whole patients, as many as there are', () => {
    const resamples = new Resamples(['a', 'b', 'a', null, null], 50, 1);
    expect(resamples.clusters).toBe(4);
    let drawn = 0;
    for (const weights of resamples.weights()) {
      expect(weights[0]).toBe(weights[2]);
      expect((weights[0] ?? 0) + (weights[1] ?? 0) + (weights[3] ?? 0) + (weights[4] ?? 0)).toBe(4);
      drawn++;
    }
    expect(drawn).toBe(50);
  });

  test('intervals of AUC and of a paired difference agree with NumPy', () => {
    const resamples = new Resamples(patients, 200, 42);
    expect(resamples.clusters).toBe(53);
    const before = new RankedSample({ probabilities: fp32, truths });
    const after = new RankedSample({ probabilities: int8, truths });
    const aucs = Array.from(resamples.weights(), (weights) => [before.auc(weights), after.auc(weights)] as const);
    const interval = percentileInterval(aucs.map(([auc]) => auc));
    expect(interval?.low).toBeCloseTo(0.6939820328237943, 12);
    expect(interval?.high).toBeCloseTo(0.8452038770053476, 12);
    const drop = percentileInterval(aucs.map(([auc, other]) => auc - other));
    expect(drop?.low).toBeCloseTo(-0.0022509057971014405, 12);
    expect(drop?.high).toBeCloseTo(0.010236684807874317, 12);
  });

  test('leaves out resamples without a value', () => {
    expect(percentileInterval([Number.NaN, 3, Number.NaN])).toEqual({ low: 3, high: 3 });
    expect(percentileInterval([Number.NaN])).toBeNull();
    expect(percentileInterval(Array.from({ length: 101 }, (_, index) => 100 - index))).toEqual({
      low: 2.5,
      high: 97.5,
    });
  });
});

describe('thresholds', () => {
  test('Youden by hand: the best split, the more sensitive of equals', () => {
    const ranked = new RankedSample(sample([0.1, 0.2, 0.3, 0.6, 0.8], [0, 0, 1, 1, 1]));
    expect(chooseThreshold(ranked, { kind: 'youden' })).toBe(0.25);
    // Above 0.8: J = 1/2; above 0.4: J = 1 - 1/2. The lower one finds both.
    const tied = new RankedSample(sample([0.2, 0.4, 0.6, 0.8], [0, 1, 0, 1]));
    expect(chooseThreshold(tied, { kind: 'youden' })).toBe(0.3);
  });

  test.each([
    ['youden, FP32', fp32, { kind: 'youden' }, 0.3, 0.8387096774193549, 0.5955056179775281],
    ['youden, INT8', int8, { kind: 'youden' }, 0.2875, 0.8387096774193549, 0.5730337078651685],
    ['90 %, FP32', fp32, { kind: 'sensitivity', target: 0.9 }, 0.24675, 0.9032258064516129, 0.5280898876404494],
    ['90 %, INT8', int8, { kind: 'sensitivity', target: 0.9 }, 0.2375, 0.9032258064516129, 0.48314606741573035],
  ] as const)('%s: as NumPy', (_, probabilities, rule, threshold, sensitivity, specificity) => {
    const chosen = chooseThreshold(new RankedSample({ probabilities, truths }), rule);
    expect(chosen).toBe(threshold);
    const point = operatingPointAt({ probabilities, truths }, chosen ?? 0);
    expect(point.sensitivity).toBeCloseTo(sensitivity, 12);
    expect(point.specificity).toBeCloseTo(specificity, 12);
  });

  test('a target of 1 finds every film, of 0.9 nine of ten', () => {
    const ten = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
    const ranked = new RankedSample(sample(ten, [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]));
    expect(chooseThreshold(ranked, { kind: 'sensitivity', target: 1 })).toBe(0.075);
    expect(chooseThreshold(ranked, { kind: 'sensitivity', target: 0.9 })).toBe(0.15);
  });

  test('neighbours closer than six digits are still parted', () => {
    const below = Math.fround(0.1234567);
    const above = Math.fround(0.12345672);
    const chosen = chooseThreshold(new RankedSample(sample([below, above], [0, 1])), { kind: 'youden' });
    expect(chosen).toBeGreaterThan(below);
    expect(chosen).toBeLessThanOrEqual(above);
  });

  test('none without both kinds', () => {
    expect(chooseThreshold(new RankedSample(sample([0.1], [1])), { kind: 'youden' })).toBeNull();
    expect(operatingPointAt(sample([0.1], [1]), 0.05)).toEqual({ threshold: 0.05, sensitivity: 1, specificity: null });
  });
});

describe('reliability', () => {
  test('by hand: two bins', () => {
    const curve = reliabilityCurve(sample([0.25, 0.5, 0.75, 1], [0, 1, 1, 1]), 2);
    expect(curve).toEqual([
      { films: 2, probability: 0.375, frequency: 0.5 },
      { films: 2, probability: 0.875, frequency: 1 },
    ]);
    expect(expectedCalibrationError(curve)).toBe(0.125);
  });

  test('films of one probability stay together', () => {
    expect(reliabilityCurve(sample([0.5, 0.5, 0.5, 0.75], [0, 1, 1, 1]), 2)).toEqual([
      { films: 3, probability: 0.5, frequency: 2 / 3 },
      { films: 1, probability: 0.75, frequency: 1 },
    ]);
  });

  test.each([
    ['FP32', fp32, 15, 0.143670833533785],
    ['INT8', int8, 14, 0.13854166708576182],
  ])('%s: as NumPy', (_, probabilities, bins, error) => {
    const curve = reliabilityCurve({ probabilities, truths });
    expect(curve).toHaveLength(bins);
    expect(expectedCalibrationError(curve)).toBeCloseTo(error, 12);
  });

  test('no films, no error', () => {
    expect(expectedCalibrationError(reliabilityCurve(sample([], [])))).toBe(0);
  });
});
