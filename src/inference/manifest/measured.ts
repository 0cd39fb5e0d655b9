/** Parts `thresholdsOrigin`, `metrics` and `reference`: what was measured, on which films. */
import { z } from 'zod';
import { digest, probability, text } from './field-kinds.ts';

const operatingPointSchema = z.strictObject({
  positives: z.int().min(0).describe('films with this label'),
  sensitivity: probability.nullable().describe('null: no film with this label'),
  specificity: probability,
});

export const thresholdsOriginSchema = z.strictObject({
  method: text.describe('how the thresholds were chosen'),
  dataSet: text.describe('on which films'),
  films: z.int().min(0).describe('0: not chosen on films yet'),
  operatingPoints: z.record(z.string(), operatingPointSchema).describe('by label, at its threshold, on these films'),
});

/** Lower and upper bound. */
const interval = z.tuple([z.number(), z.number()]);

const againstFp32Schema = z.strictObject({
  drop: z.number().describe('mean AUC of FP32 less that of INT8'),
  dropPerLabel: z.record(z.string(), z.number()),
  meanDifference: z.number().min(0).describe('mean |p INT8 - p FP32| over films and labels'),
  maxDifference: z.number().min(0),
  flips: z.int().min(0).describe('film and label pairs on different sides of the threshold'),
});

export const metricsSchema = z.strictObject({
  measure: z.literal('AUC').describe('area under the receiver operating characteristic'),
  dataSet: text,
  films: z.int().positive(),
  measuredThrough: text.describe('which software read the films'),
  mean: probability.describe('mean over the labels measured'),
  perLabel: z.record(z.string(), probability).describe('labels without a positive film are absent'),
  precision: z.enum(['INT8', 'FP32']).optional().describe('of the engine that was measured'),
  sha256: digest.optional().describe('of the ONNX file that was measured'),
  intervals: z
    .strictObject({ mean: interval.nullable(), perLabel: z.record(z.string(), interval) })
    .optional()
    .describe('95 % confidence intervals'),
  calibrationError: z.record(z.string(), probability).optional().describe('expected calibration error by label'),
  againstFp32: againstFp32Schema.optional().describe('INT8 beside FP32 on the same films'),
});

const distributionSchema = z
  .strictObject({
    count: z.int().positive().describe('values of the sample'),
    quantiles: z.array(z.number()).min(2).max(1001).describe('at 0, 1/n, ..., 1, ascending'),
  })
  .refine(({ quantiles }) => quantiles.every((value, index) => value >= (quantiles[index - 1] ?? value)), {
    path: ['quantiles'],
    message: 'must be ascending',
  });

export const referenceSchema = z.strictObject({
  dataSet: text.describe('on which films'),
  films: z.int().positive(),
  scores: z.record(z.string(), distributionSchema).describe('probabilities by label'),
  inputMean: distributionSchema.describe('of the mean 8-bit grey of the films as the model saw them'),
  inputDeviation: distributionSchema.describe('of its standard deviation'),
});
