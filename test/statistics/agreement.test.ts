import { describe, expect, it } from 'vitest';
import { agreementOf, type ScorePair, summaryOf } from '../../src/statistics/agreement.ts';

const pair = (a: number, b: number, threshold = 0.5): ScorePair => ({
  a: { probability: a, positive: a >= threshold },
  b: { probability: b, positive: b >= threshold },
});

describe('the comparison of two versions', () => {
  it('is that worked out by hand', () => {
    // Four films: both positive, both negative, one flip each way.
    const result = agreementOf([pair(0.9, 0.8), pair(0.1, 0.2), pair(0.4, 0.6), pair(0.7, 0.3)]);
    expect(result).toMatchObject({ becamePositive: 1, becameNegative: 1, agreement: { successes: 2, trials: 4 } });
    expect(result.kappa).toBe(0); // observed 0.5, by chance 0.5
    // Differences -0.1, 0.1, 0.2, -0.4: mean -0.05, standard deviation 0.26458, standard error 0.13229.
    expect(result.meanDifference.value).toBeCloseTo(-0.05, 10);
    expect(result.meanDifference.low).toBeCloseTo(-0.05 - 1.959964 * 0.132288, 5);
    expect(result.largestDifference).toBeCloseTo(0.4, 10);
    expect(result.scoresOfA).toMatchObject({ count: 4, mean: 0.525, median: expect.closeTo(0.55, 10) });
  });

  it('is full agreement for a version with itself', () => {
    const result = agreementOf([pair(0.9, 0.9), pair(0.1, 0.1)]);
    expect(result).toMatchObject({ kappa: 1, agreement: { value: 1, high: 1 }, meanDifference: { value: 0 } });
  });

  it('has no kappa where one side alone occurs, and nothing without films', () => {
    expect(agreementOf([pair(0.1, 0.1)]).kappa).toBeNull();
    expect(agreementOf([])).toMatchObject({
      kappa: null,
      largestDifference: null,
      agreement: { value: null },
      meanDifference: { value: null },
      scoresOfA: summaryOf([]),
    });
  });
});
