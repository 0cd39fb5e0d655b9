/** Parts `input`, `outputs` and `labels`, and what is said of each ONNX file. */
import { z } from 'zod';
import { digest, pixels, probability, text } from './field-kinds.ts';

export const inputSchema = z.strictObject({
  name: text.describe('name of the graph input, float32 [films, channels, height, width]'),
  height: pixels.describe('rows, in pixels'),
  width: pixels.describe('columns, in pixels'),
  channels: z.union([z.literal(1), z.literal(3)]).describe('1, or 3 with the grey value repeated'),
});

export const outputsSchema = z.strictObject({
  probability: text.describe('name of the graph output [films, labels], each within 0..1'),
  logit: text.nullable().describe('name of the graph output [films, labels] before the sigmoid; null: none'),
  classActivationMap: text
    .nullable()
    .describe('name of the graph output [films, rows, columns, labels] in logits, whose mean is the logit; null: none'),
});

/** Findings are looked up by it: PostgreSQL has a bound for what an index holds, and reviews one for what they name. */
const LONGEST_LABEL = 200;

export const labelSchema = z.strictObject({
  name: text.max(LONGEST_LABEL).describe('finding, as the training data named it'),
  threshold: probability.describe('least probability that counts as positive'),
});

/** Of the main file, and of each alternative. */
export const engineFields = {
  file: z.string().regex(/^[\w.-]+\.onnx$/, 'must be the name of an .onnx file in the same folder'),
  sha256: digest.describe('of the file'),
  precision: z.enum(['INT8', 'FP32']),
  weightBits: z
    .union([z.literal(7), z.literal(8)])
    .optional()
    .describe('bits in use of each INT8 weight, 8 unless told; 7 are exact on every processor (engine.ts)'),
};
