/** A sample with ties, and an evaluation of it; the same numbers as in the Python that made the expected values. */
import { assess } from '../../../src/inference/evaluate/assess.ts';
import type { Evaluation } from '../../../src/inference/evaluate/evaluation.ts';
import type { ThresholdRule } from '../../../src/inference/evaluate/operating-points.ts';
import { noise } from '../support.ts';

const FILMS = 120;

export const truths = Uint8Array.from(noise(11, FILMS, 100), (value) => (value < 25 ? 1 : 0));
export const fp32 = Float32Array.from(
  noise(12, FILMS, 1000),
  (value, film) => (value * 0.5) / 1000 + (truths[film] ?? 0) * 0.15,
);
/** FP32 in steps of 1/40: many ties. */
export const int8 = Float32Array.from(fp32, (probability) => Math.round(probability * 40) / 40);
export const patients = Array.from(noise(13, FILMS, 70), String);

/** Two labels: the sample, and one that no film has. */
export function sampleEvaluation(
  rule: ThresholdRule | { readonly kind: 'kept' } = { kind: 'youden' },
  resamples = 200,
): Evaluation {
  const withSecond = (probabilities: Float32Array) => Array.from(probabilities, (p) => Float32Array.of(p, 0.01));
  return {
    schemaVersion: 1,
    model: { name: 'chexnet-demo', version: '1.0.0' },
    digests: { FP32: 'a'.repeat(64), INT8: 'b'.repeat(64) },
    preprocessing: 'grayscale-1/whole-film-1',
    dataSet: 'noise',
    ...assess({
      labels: [
        { name: 'Mass', threshold: 0.3 },
        { name: 'Pleural_Thickening', threshold: 0.7 },
      ],
      rows: Array.from(truths, (truth, film) => ({
        file: `${film}.png`,
        patient: patients[film] ?? null,
        truths: [truth === 1 ? 1 : 0, 0] as const,
      })),
      hasPatients: true,
      predictions: [
        { precision: 'FP32', probabilities: withSecond(fp32) },
        { precision: 'INT8', probabilities: withSecond(int8) },
      ],
      rule,
      chooseOn: 'INT8',
      resamples,
      seed: 42,
    }),
    notRead: [{ file: 'broken.png', problem: 'IMAGE_FORMAT_UNSUPPORTED' }],
    notLabelled: 0,
    notFound: 0,
  };
}
