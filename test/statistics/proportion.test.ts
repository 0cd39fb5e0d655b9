import { describe, expect, it } from 'vitest';
import { proportion } from '../../src/statistics/proportion.ts';

describe('the Wilson score interval', () => {
  it.each([
    // statsmodels 0.14, proportion_confint(method='wilson')
    [8, 10, 0.4901624715366423, 0.9433178485456247],
    [1, 2, 0.0945312057342307, 0.9054687942657693],
    [263, 300, 0.8347, 0.9092],
  ])('of %i in %i is %f to %f', (successes, trials, low, high) => {
    const interval = proportion(successes, trials);
    expect(interval.value).toBe(successes / trials);
    expect(interval.low).toBeCloseTo(low, 3);
    expect(interval.high).toBeCloseTo(high, 3);
  });

  it('ends exactly at 0 and 1', () => {
    expect(proportion(0, 20)).toMatchObject({ value: 0, low: 0 });
    expect(proportion(20, 20)).toMatchObject({ value: 1, high: 1 });
    expect(proportion(0, 20).high).toBeCloseTo(0.1611, 4);
  });

  it('is nothing without trials', () => {
    expect(proportion(0, 0)).toEqual({ successes: 0, trials: 0, value: null, low: null, high: null });
  });
});
