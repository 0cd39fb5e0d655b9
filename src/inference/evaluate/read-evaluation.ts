/** The evaluation of a model folder, for its card. */
import { basename, join } from 'node:path';
import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import { enginesOf } from '../engine.ts';
import type { ModelManifest } from '../manifest.ts';
import { readText } from '../model-folder/read-text.ts';
import { EVALUATION_FILE, type Evaluation } from './evaluation.ts';

const number = z.number();
const precision = z.enum(['INT8', 'FP32']);
const estimate = z.object({
  value: number.nullable(),
  interval: z.object({ low: number, high: number }).nullable(),
});
const agreement = z.object({ drop: estimate, meanDifference: number, maxDifference: number, flips: number }).nullable();
const result = z.object({
  auc: estimate,
  calibrationError: number,
  inForce: z.object({ sensitivity: number.nullable(), specificity: number.nullable() }),
});

/** The parts that a card shows. */
const schema = z.object({
  model: z.object({ name: z.string(), version: z.string() }),
  digests: z.partialRecord(precision, z.string()),
  preprocessing: z.string(),
  dataSet: z.string(),
  films: number,
  patients: number.nullable(),
  resamples: number,
  rule: z.object({ kind: z.enum(['youden', 'sensitivity', 'kept']) }),
  chosenOn: precision,
  notRead: z.array(z.unknown()),
  meanAuc: z.partialRecord(precision, estimate),
  agreement,
  labels: z.array(
    z.object({
      label: z.string(),
      films: number,
      positives: number,
      threshold: number,
      results: z.partialRecord(precision, result),
      agreement,
    }),
  ),
});

/**
 * The evaluation that lies in a model folder; null when none does.
 *
 * @throws GatewayError MODEL_INVALID when it is of another form
 */
export async function readEvaluation(directory: string): Promise<Evaluation | null> {
  const file = `${basename(directory)}/${EVALUATION_FILE}`;
  let content: unknown;
  try {
    content = JSON.parse(await readText(join(directory, EVALUATION_FILE)));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new GatewayError('MODEL_INVALID', `${file} cannot be read.`, {}, { cause });
  }
  const parsed = schema.safeParse(content);
  // Curves and bins are not looked at: no card shows them, and they are most of the file.
  if (parsed.success) return content as Evaluation;
  const [issue] = parsed.error.issues;
  throw new GatewayError('MODEL_INVALID', `${file} is no evaluation: ${issue?.path.join('.')}: ${issue?.message}.`);
}

/** Whether an evaluation is of the version and the bytes that a manifest names. */
export function isEvaluationOf({ model, chosenOn, digests }: Evaluation, manifest: ModelManifest): boolean {
  const sameVersion = model.name === manifest.name && model.version === manifest.version;
  return sameVersion && enginesOf(manifest).some(({ digest }) => digest === digests[chosenOn]);
}
