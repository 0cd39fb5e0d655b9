import { expect, test } from 'vitest';
import { DRAWINGS } from '../../scripts/pixel-evidence/drawings.ts';
import { fitLogistic } from '../../scripts/pixel-evidence/logistic.ts';
import { Chance, SIDE, toGrey } from '../../scripts/pixel-evidence/picture.ts';
import { wilson } from '../../scripts/pixel-evidence/wilson.ts';

test('the regression finds the minimum of its loss', () => {
  const examples = [-2, -1, 1, 1.5, 3, -0.5].map((x) => ({
    features: Float64Array.of(x, x ** 2),
    positive: x > 0 || x === -0.5,
    weight: 1 / 6,
  }));
  const loss = (coefficients: readonly number[]) =>
    examples.reduce((sum, { features, positive, weight }) => {
      const [first = 0, second = 0, bias = 0] = coefficients;
      const logit = first * (features[0] as number) + second * (features[1] as number) + bias;
      return sum + weight * Math.log(1 + Math.exp(positive ? -logit : logit));
    }, 0) +
    0.05 * ((coefficients[0] ?? 0) ** 2 + (coefficients[1] ?? 0) ** 2);
  const fitted = [...fitLogistic(examples, 0.1)];
  for (const index of [0, 1, 2]) {
    for (const step of [-0.01, 0.01]) {
      expect(loss(fitted.map((value, at) => (at === index ? value + step : value)))).toBeGreaterThan(loss(fitted));
    }
  }
});

test('drawings are repeatable and of grey values', () => {
  for (const drawing of Object.values(DRAWINGS)) {
    const first = toGrey(drawing(new Chance(3)));
    expect(first).toHaveLength(SIDE * SIDE);
    expect(first).toEqual(toGrey(drawing(new Chance(3))));
    expect(first).not.toEqual(toGrey(drawing(new Chance(4))));
  }
});

test("Wilson's interval", () => {
  expect(wilson(0, 300).low).toBeCloseTo(0);
  expect(wilson(0, 300).high).toBeCloseTo(0.01264, 5);
  expect(wilson(4, 300).low).toBeCloseTo(0.0052, 4);
  expect(wilson(4, 300).high).toBeCloseTo(0.0338, 4);
  expect(wilson(300, 300).high).toBe(1);
  expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
});
