/** The fields of a manifest, put together from its parts. */
import { z } from 'zod';
import { MOST_LABELS } from '../../most-labels.ts';
import { cardSchema } from '../model-card/card-schema.ts';
import { text } from './field-kinds.ts';
import { engineFields, inputSchema, labelSchema, outputsSchema } from './graph.ts';
import { metricsSchema, referenceSchema, thresholdsOriginSchema } from './measured.ts';
import { preprocessingSchema } from './preprocessing.ts';

const MOST_ALTERNATIVES = 16;
/** Of the model and of the version. */
const LONGEST_NAME = 100;

const provenanceSchema = z.strictObject({
  architecture: text,
  trainingData: text,
  training: text,
  quantization: text.nullable(),
  credits: text,
  intendedUse: text,
});

/** Every field, each by itself. Unknown ones are refused, so a misspelt one cannot be silently without effect. */
export const manifestFields = z.strictObject({
  schemaVersion: z.literal(1),
  name: z
    .string()
    .max(LONGEST_NAME)
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and hyphens'),
  version: z
    .string()
    .max(LONGEST_NAME)
    .regex(/^[0-9A-Za-z][0-9A-Za-z.+-]*$/, 'must be letters, digits, dots, pluses and hyphens'),
  description: text,
  ...engineFields,
  alternatives: z
    .array(z.strictObject(engineFields))
    .max(MOST_ALTERNATIVES, { abort: true })
    .optional()
    .describe(
      'other graphs of the same net, with the same input and outputs; each machine serves its fastest exact one',
    ),
  input: inputSchema,
  outputs: outputsSchema,
  labels: z.array(labelSchema).min(1).max(MOST_LABELS, { abort: true }).describe('in the order of the outputs'),
  preprocessing: preprocessingSchema,
  thresholdsOrigin: thresholdsOriginSchema,
  metrics: z.array(metricsSchema),
  reference: referenceSchema.optional().describe('what scores and films are compared with to find drift'),
  provenance: provenanceSchema,
  card: cardSchema.optional().describe('the source attributes that its users may ask for; absent ones are missing'),
});
