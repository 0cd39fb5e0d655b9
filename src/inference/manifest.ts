/**
 * The manifest of a model version: everything that is needed to use exactly these ONNX bytes in the way they were
 * trained and measured. It lies as `manifest.json` beside the ONNX file; nothing about a model is wired into code.
 */
import { z } from 'zod';
import { GatewayError } from '../errors.ts';

const text = z.string().min(1);
const probability = z.number().min(0).max(1);
const pixels = z.int().min(16).max(4096);

const inputSchema = z.strictObject({
  name: text.describe('name of the graph input, float32 [films, channels, height, width]'),
  height: pixels.describe('rows, in pixels'),
  width: pixels.describe('columns, in pixels'),
  channels: z.union([z.literal(1), z.literal(3)]).describe('1, or 3 with the grey value repeated'),
});

const outputsSchema = z.strictObject({
  probability: text.describe('name of the graph output [films, labels], each within 0..1'),
  logit: text.nullable().describe('name of the graph output [films, labels] before the sigmoid; null: none'),
  classActivationMap: text
    .nullable()
    .describe('name of the graph output [films, rows, columns, labels] in logits, whose mean is the logit; null: none'),
});

const labelSchema = z.strictObject({
  name: text.describe('finding, as the training data named it'),
  threshold: probability.describe('least probability that counts as positive'),
});

const preprocessingSchema = z.strictObject({
  version: text.describe('name of the steps below; changes whenever one of them does'),
  grayscaleRule: text.describe('how stored values become 8-bit grey with lungs dark; one the gateway implements'),
  resize: z
    .strictObject({
      filter: z.literal('bilinear-antialiased').describe("triangle filter widened by the scale: Pillow's BILINEAR"),
    })
    .describe('the whole film is brought to height x width of the input; its aspect is not kept'),
  crop: z.literal('none').describe('part of the film that is used: all of it'),
  divisor: z.number().positive().describe('grey values are divided by it (255 gives 0..1)'),
  mean: z.array(z.number()).describe('subtracted after the division, one a channel'),
  std: z.array(z.number().positive()).describe('divides last, one a channel'),
});

const operatingPointSchema = z.strictObject({
  positives: z.int().min(0).describe('films with this label'),
  sensitivity: probability.nullable().describe('null: no film with this label'),
  specificity: probability,
});

const thresholdsOriginSchema = z.strictObject({
  method: text.describe('how the thresholds were chosen'),
  dataSet: text.describe('on which films'),
  films: z.int().positive(),
  operatingPoints: z.record(z.string(), operatingPointSchema).describe('by label, at its threshold, on these films'),
});

const metricsSchema = z.strictObject({
  measure: z.literal('AUC').describe('area under the receiver operating characteristic'),
  dataSet: text,
  films: z.int().positive(),
  measuredThrough: text.describe('which software read the films'),
  mean: probability.describe('mean over the labels measured'),
  perLabel: z.record(z.string(), probability).describe('labels without a positive film are absent'),
});

const provenanceSchema = z.strictObject({
  architecture: text,
  trainingData: text,
  training: text,
  quantization: text.nullable(),
  credits: text,
  intendedUse: text,
});

/** Schema of `manifest.json`. Unknown fields are refused, so a misspelt one cannot be silently without effect. */
export const modelManifestSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and hyphens'),
    version: z.string().regex(/^[0-9A-Za-z][0-9A-Za-z.+-]*$/, 'must be letters, digits, dots, pluses and hyphens'),
    description: text,
    file: z.string().regex(/^[\w.-]+\.onnx$/, 'must be the name of an .onnx file in the same folder'),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
    precision: z.enum(['INT8', 'FP32']),
    input: inputSchema,
    outputs: outputsSchema,
    labels: z.array(labelSchema).min(1).describe('in the order of the outputs'),
    preprocessing: preprocessingSchema,
    thresholdsOrigin: thresholdsOriginSchema,
    metrics: z.array(metricsSchema),
    provenance: provenanceSchema,
  })
  .superRefine((manifest, context) => {
    const report = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const field of ['mean', 'std'] as const) {
      if (manifest.preprocessing[field].length !== manifest.input.channels) {
        report(['preprocessing', field], `must have ${manifest.input.channels} number(s), one a channel of the input`);
      }
    }
    const names = manifest.labels.map((label) => label.name);
    names.forEach((name, index) => {
      if (names.indexOf(name) !== index) report(['labels', index, 'name'], `${name} is already used`);
    });
    for (const name of Object.keys(manifest.thresholdsOrigin.operatingPoints)) {
      if (!names.includes(name)) report(['thresholdsOrigin', 'operatingPoints', name], 'is no label of this model');
    }
  });

/** A checked manifest. */
export type ModelManifest = z.infer<typeof modelManifestSchema>;

/** Name of the manifest within a model folder. */
export const MANIFEST_FILE = 'manifest.json';

/**
 * Checks a manifest.
 *
 * @param json - content of `manifest.json`
 * @param folder - name of its folder, for messages
 * @throws GatewayError MODEL_INVALID naming the folder and every wrong field
 */
export function parseManifest(json: string, folder: string): ModelManifest {
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch (cause) {
    throw new GatewayError('MODEL_INVALID', `${folder}/${MANIFEST_FILE} is not JSON.`, {}, { cause });
  }
  const parsed = modelManifestSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
  throw new GatewayError('MODEL_INVALID', `${folder}/${MANIFEST_FILE} is wrong: ${problems.join('; ')}.`);
}

/** Grey rule and steps in one name; stored with every reading, so a number says how its pixels were made. */
export function preprocessingVersion(manifest: ModelManifest): string {
  return `${manifest.preprocessing.grayscaleRule}/${manifest.preprocessing.version}`;
}
