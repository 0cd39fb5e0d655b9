import { describe, expect, it } from 'vitest';
import { kolmogorovSmirnov, populationStabilityIndex } from '../../src/statistics/drift.ts';
import { cumulativeShare, quantile, referenceOf } from '../../src/statistics/reference-distribution.ts';

/** n values spread evenly over [from, to]. */
const evenly = (count: number, from = 0, to = 1) =>
  Array.from({ length: count }, (_, index) => from + ((to - from) * index) / (count - 1));

describe('a reference distribution', () => {
  it('keeps the quantiles of its sample', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([1, 2, 3, 4], 1)).toBe(4);
    const { count, quantiles } = referenceOf([3, 1, 2]);
    expect([count, quantiles.length, quantiles[0], quantiles[50], quantiles[100]]).toEqual([3, 101, 1, 2, 3]);
    expect(() => referenceOf([])).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });

  it('knows the share below a value, also at steps and outside', () => {
    const even = referenceOf(evenly(1001));
    expect(cumulativeShare(even, 0.25)).toBeCloseTo(0.25, 6);
    expect([cumulativeShare(even, -1), cumulativeShare(even, 2)]).toEqual([0, 1]);
    const step = referenceOf([...new Array<number>(50).fill(0), ...new Array<number>(50).fill(1)]);
    expect(cumulativeShare(step, 0)).toBeCloseTo(0.49, 10);
    expect(cumulativeShare(referenceOf([5]), 5)).toBe(1);
  });
});

describe('the population stability index', () => {
  const reference = referenceOf(evenly(1000));

  it('is nothing for the same distribution', () => {
    expect(populationStabilityIndex(reference, evenly(1000))).toBeLessThan(0.001);
  });

  it('is that of the shares worked out by hand', () => {
    // Half of the sample in the lowest bin, half in the highest, eight bins empty (half a value of 100 each).
    const sample = [...new Array<number>(50).fill(0.05), ...new Array<number>(50).fill(0.95)];
    const expected = 2 * (0.5 - 0.1) * Math.log(5) + 8 * (0.005 - 0.1) * Math.log(0.05);
    expect(populationStabilityIndex(reference, sample)).toBeCloseTo(expected, 10);
  });

  it('counts what lies outside the reference in the outer bins', () => {
    expect(populationStabilityIndex(reference, [-5, 5])).toBeCloseTo(
      populationStabilityIndex(reference, [0.01, 0.99]),
      12,
    );
  });
});

describe('the Kolmogorov-Smirnov test', () => {
  it('finds nothing between samples of one population', () => {
    const { statistic, pValue } = kolmogorovSmirnov(referenceOf(evenly(1000)), evenly(200));
    expect(statistic).toBeLessThan(0.01);
    expect(pValue).toBe(1);
  });

  it('is that of the two samples', () => {
    // scipy 1.14, ks_2samp(linspace(0, 1, 101), linspace(0.2, 1.2, 50), method='asymp'): 0.2129, p 0.086 without Stephens's
    // correction; with the reference's distribution taken as continuous the difference is 0.2041 at most.
    const { statistic, pValue } = kolmogorovSmirnov(referenceOf(evenly(101)), evenly(50, 0.2, 1.2));
    expect(statistic).toBeCloseTo(0.2129, 1);
    expect(pValue).toBeGreaterThan(0.05);
    expect(pValue).toBeLessThan(0.15);
  });

  it('is sure of a moved population', () => {
    const { statistic, pValue } = kolmogorovSmirnov(referenceOf(evenly(300)), evenly(100, 0.5, 1.5));
    expect(statistic).toBeGreaterThan(0.45);
    expect(pValue).toBeLessThan(1e-6);
  });
});
