/**
 * The manifest of a model version: everything that is needed to use exactly these ONNX bytes in the way they were
 * trained and measured. It lies as `manifest.json` beside the ONNX file; nothing about a model is wired into code.
 */
import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import { cardSchema } from './model-card/card-schema.ts';
import { MANIFEST_FILE } from './serving-manifest.ts';

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

/** Findings are looked up by it: PostgreSQL has a bound for what an index holds, and reviews one for what they name. */
const LONGEST_LABEL = 200;

const LONGEST_NAME = 100;

const labelSchema = z.strictObject({
  name: text.max(LONGEST_LABEL).describe('finding, as the training data named it'),
  threshold: probability.describe('least probability that counts as positive'),
});

/** Schema of the manifest's `preprocessing`. */
export const preprocessingSchema = z.strictObject({
  version: text.describe('name of the steps below; changes whenever one of them does'),
  grayscaleRule: text.describe('how stored values become 8-bit grey with lungs dark; one the gateway implements'),
  resize: z
    .strictObject({
      filter: z.literal('bilinear-antialiased').describe("triangle filter widened by the scale: Pillow's BILINEAR"),
      height: pixels.optional().describe('rows that the whole film is brought to before the crop; crops only'),
      width: pixels.optional().describe('columns that the whole film is brought to before the crop; crops only'),
      aspect: z
        .enum(['stretched', 'kept'])
        .optional()
        .describe('kept: the shorter side becomes height = width, the longer what follows; absent: stretched'),
    })
    .describe('the whole film is brought to this size, or to that of the input without a crop'),
  crop: z
    .enum(['none', 'center', 'ten'])
    .describe('ten: corners, centre and their mirror images, probabilities averaged; each of the size of the input'),
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
  films: z.int().min(0).describe('0: not chosen on films yet'),
  operatingPoints: z.record(z.string(), operatingPointSchema).describe('by label, at its threshold, on these films'),
});

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');

/** Lower and upper bound. */
const interval = z.tuple([z.number(), z.number()]);

const againstFp32Schema = z.strictObject({
  drop: z.number().describe('mean AUC of FP32 less that of INT8'),
  dropPerLabel: z.record(z.string(), z.number()),
  meanDifference: z.number().min(0).describe('mean |p INT8 - p FP32| over films and labels'),
  maxDifference: z.number().min(0),
  flips: z.int().min(0).describe('film and label pairs on different sides of the threshold'),
});

const metricsSchema = z.strictObject({
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

const provenanceSchema = z.strictObject({
  architecture: text,
  trainingData: text,
  training: text,
  quantization: text.nullable(),
  credits: text,
  intendedUse: text,
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

const referenceSchema = z.strictObject({
  dataSet: text.describe('on which films'),
  films: z.int().positive(),
  scores: z.record(z.string(), distributionSchema).describe('probabilities by label'),
  inputMean: distributionSchema.describe('of the mean 8-bit grey of the films as the model saw them'),
  inputDeviation: distributionSchema.describe('of its standard deviation'),
});

const engineFields = {
  file: z.string().regex(/^[\w.-]+\.onnx$/, 'must be the name of an .onnx file in the same folder'),
  sha256: digest.describe('of the file'),
  precision: z.enum(['INT8', 'FP32']),
  weightBits: z
    .union([z.literal(7), z.literal(8)])
    .optional()
    .describe('bits in use of each INT8 weight, 8 unless told; 7 are exact on every processor (engine.ts)'),
};

/** What is wrong between the main file and the alternatives, with the field at fault. */
function engineProblems(
  engines: readonly z.infer<z.ZodObject<typeof engineFields>>[],
): [(string | number)[], string][] {
  return engines.flatMap((engine, index) => {
    const at = index === 0 ? [] : ['alternatives', index - 1];
    const repeated = (['file', 'sha256'] as const).filter(
      (field) => engines.findIndex((other) => other[field] === engine[field]) < index,
    );
    const problems: [(string | number)[], string][] = repeated.map((field) => [[...at, field], 'is already used']);
    const meaningless = engine.precision === 'FP32' && engine.weightBits !== undefined;
    return meaningless ? [...problems, [[...at, 'weightBits'], 'is for INT8 only']] : problems;
  });
}

/** What is wrong between crop, resize and heat map, with the field at fault. */
function cropProblems(manifest: {
  readonly input: z.infer<typeof inputSchema>;
  readonly outputs: z.infer<typeof outputsSchema>;
  readonly preprocessing: z.infer<typeof preprocessingSchema>;
}): [path: string[], problem: string][] {
  const { input, outputs, preprocessing } = manifest;
  const { height, width, aspect } = preprocessing.resize;
  const resize = ['preprocessing', 'resize'];
  if (preprocessing.crop === 'none') {
    const given = height !== undefined || width !== undefined || aspect !== undefined;
    return given ? [[resize, 'has a size or aspect of its own only with a crop']] : [];
  }
  const problems: [string[], string][] = [];
  if (height === undefined || width === undefined || height < input.height || width < input.width) {
    problems.push([resize, 'must have a height and width of at least those of the input, for the crop']);
  }
  if (aspect === 'kept' && height !== width) problems.push([resize, 'must be as high as wide to keep the aspect']);
  // A map of a crop, drawn over the whole film, would point beside what the model saw.
  if (outputs.classActivationMap !== null) {
    problems.push([['outputs', 'classActivationMap'], 'must be null with a crop, which sees a part of the film only']);
  }
  return problems;
}

const MOST_ALTERNATIVES = 16;
const MOST_LABELS = 1000;

/** Of a message: a file that is no manifest at all can be wrong in every line. */
const MOST_PROBLEMS = 20;
const LONGEST_PROBLEM = 500;

/** Schema of `manifest.json`. Unknown fields are refused, so a misspelt one cannot be silently without effect. */
export const modelManifestSchema = z
  .strictObject({
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
  })
  .superRefine((manifest, context) => {
    const report = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const field of ['mean', 'std'] as const) {
      if (manifest.preprocessing[field].length !== manifest.input.channels) {
        report(['preprocessing', field], `must have ${manifest.input.channels} number(s), one a channel of the input`);
      }
    }
    for (const [path, problem] of cropProblems(manifest)) report([...path], problem);
    for (const [path, problem] of engineProblems([manifest, ...(manifest.alternatives ?? [])])) report(path, problem);
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

/**
 * Checks a manifest.
 *
 * @param json - content of `manifest.json`
 * @param folder - name of its folder, for messages
 * @throws GatewayError MODEL_INVALID naming the folder and the wrong fields, the first 20
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
  const { issues } = parsed.error;
  const problems = issues
    .slice(0, MOST_PROBLEMS)
    .map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`.slice(0, LONGEST_PROBLEM));
  if (issues.length > MOST_PROBLEMS) problems.push(`and ${issues.length - MOST_PROBLEMS} more`);
  throw new GatewayError('MODEL_INVALID', `${folder}/${MANIFEST_FILE} is wrong: ${problems.join('; ')}.`);
}
