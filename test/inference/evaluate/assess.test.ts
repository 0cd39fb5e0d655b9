import { describe, expect, test } from 'vitest';
import { sampleEvaluation } from './support.ts';

describe('assess', () => {
  const evaluation = sampleEvaluation();
  const [mass, absent] = evaluation.labels;

  test('figures of a label agree with NumPy', () => {
    expect(evaluation).toMatchObject({ films: 120, patients: 53, resamples: 200, chosenOn: 'INT8' });
    expect(mass).toMatchObject({ label: 'Mass', films: 120, positives: 31, threshold: 0.2875 });
    expect(mass?.results.FP32?.auc.value).toBeCloseTo(0.7687567959405581, 12);
    expect(mass?.results.INT8?.auc.interval?.low).toBeCloseTo(0.6917352840976418, 12);
    expect(mass?.results.INT8?.auc.interval?.high).toBeCloseTo(0.8421028993983958, 12);
    expect(mass?.agreement?.drop.value).toBeCloseTo(0.7687567959405581 - 0.7649510692279812, 12);
    expect(mass?.agreement?.drop.interval?.low).toBeCloseTo(-0.0022509057971014405, 12);
    expect(mass?.agreement?.meanDifference).toBeCloseTo(0.006354167580138892, 9);
    expect(mass?.agreement?.maxDifference).toBeCloseTo(0.012500002980232239, 9);
    expect(mass?.results.FP32?.calibrationError).toBeCloseTo(0.143670833533785, 12);
  });

  test('each precision has its own best threshold, and both the one in force', () => {
    expect(mass?.results.FP32?.chosen?.threshold).toBe(0.3);
    expect(mass?.results.INT8?.chosen?.threshold).toBe(0.2875);
    expect(mass?.results.FP32?.inForce.threshold).toBe(0.2875);
    expect(mass?.results.INT8?.inForce).toEqual(mass?.results.INT8?.chosen);
  });

  test('a label that no film has is not measured and keeps its threshold', () => {
    expect(absent).toMatchObject({ positives: 0, threshold: 0.7 });
    expect(absent?.results.INT8).toMatchObject({
      auc: { value: null, interval: null },
      roc: [],
      chosen: null,
      inForce: { sensitivity: null, specificity: 1 },
    });
    expect(absent?.agreement).toEqual({
      drop: { value: null, interval: null },
      meanDifference: 0,
      maxDifference: 0,
      flips: 0,
    });
    // The mean is that of the labels measured.
    expect(evaluation.meanAuc.FP32?.value).toBe(mass?.results.FP32?.auc.value);
    expect(evaluation.agreement?.meanDifference).toBeCloseTo(0.006354167580138892 / 2, 9);
  });

  test('thresholds can be kept, and flips are counted there', () => {
    const kept = sampleEvaluation({ kind: 'kept' }, 10);
    expect(kept.labels[0]).toMatchObject({ threshold: 0.3, agreement: { flips: 2 } });
    expect(kept.labels[0]?.results.FP32?.chosen?.threshold).toBe(0.3);
  });

  test('the curve has corners only, and its area is the AUC', () => {
    for (const precision of ['FP32', 'INT8'] as const) {
      const roc = mass?.results[precision]?.roc ?? [];
      expect(roc[0]).toEqual([0, 0]);
      expect(roc.at(-1)).toEqual([1, 1]);
      let area = 0;
      roc.forEach(([x, y], index) => {
        const [beforeX, beforeY] = roc[index - 1] ?? [0, 0];
        area += ((x - beforeX) * (y + beforeY)) / 2;
      });
      expect(area).toBeCloseTo(mass?.results[precision]?.auc.value ?? Number.NaN, 4);
    }
  });

  test('the same input gives the same figures', () => {
    expect(sampleEvaluation()).toEqual(evaluation);
  });
});
