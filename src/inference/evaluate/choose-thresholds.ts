/** Thresholds for a model version by a rule, from the evaluation that lies in its folder. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import { enginesOf } from '../engine.ts';
import type { ModelPackage } from '../registry.ts';
import { EVALUATION_FILE } from './evaluation.ts';
import type { ThresholdRule } from './operating-points.ts';

/** What a rule chose. */
export interface ChosenThresholds {
  /** By label; labels without films of both kinds are absent. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** On which films, for people. */
  readonly dataSet: string;
  readonly films: number;
}

const rate = z.number().min(0).max(1);
const precision = z.enum(['INT8', 'FP32']);
const ruleSchema = z.union([
  z.object({ kind: z.literal('youden') }),
  z.object({ kind: z.literal('sensitivity'), target: rate }),
  z.object({ kind: z.literal('kept') }),
]);

const resultSchema = z.object({
  roc: z.array(z.tuple([rate, rate])),
  rocThresholds: z.array(rate).optional(),
  chosen: z.object({ threshold: rate }).nullable(),
});

/** The parts of an evaluation that thresholds follow from. */
const schema = z.object({
  digests: z.partialRecord(precision, z.string()),
  dataSet: z.string(),
  films: z.int(),
  rule: ruleSchema,
  chosenOn: precision,
  labels: z.array(z.object({ label: z.string(), results: z.partialRecord(precision, resultSchema) })),
});

type Result = z.infer<typeof resultSchema>;

/**
 * Chooses the thresholds of every label. Youden: the largest sensitivity + specificity - 1, the more sensitive of equals.
 * Target sensitivity: of the thresholds that reach it the one with the fewest false positives, the more sensitive of equals.
 * Where the evaluation was made by the same rule, what it chose is taken.
 *
 * @throws GatewayError NOT_FOUND without an evaluation; MODEL_INVALID when it is of another form, of other ONNX files, or from
 *   before evaluations kept the thresholds of their curves; BAD_REQUEST for a target outside 0 to 1
 */
export async function chooseThresholds(
  { directory, manifest }: Pick<ModelPackage, 'directory' | 'manifest'>,
  rule: ThresholdRule,
): Promise<ChosenThresholds> {
  if (rule.kind === 'sensitivity' && !(rule.target > 0 && rule.target <= 1)) {
    throw new GatewayError('BAD_REQUEST', 'The target sensitivity must lie above 0, and not above 1.');
  }
  const file = `${basename(directory)}/${EVALUATION_FILE}`;
  const evaluation = await readEvaluation(join(directory, EVALUATION_FILE), file);
  const { chosenOn, digests, dataSet, films } = evaluation;
  if (!enginesOf(manifest).some(({ digest }) => digest === digests[chosenOn])) {
    throw new GatewayError('MODEL_INVALID', `${file} is of other ONNX files than the manifest names.`);
  }
  const sameRule = JSON.stringify(evaluation.rule) === JSON.stringify(rule);
  const thresholds: Record<string, number> = {};
  for (const { label, results } of evaluation.labels) {
    const result = results[chosenOn];
    if (result === undefined || !manifest.labels.some(({ name }) => name === label)) continue;
    const chosen = sameRule ? (result.chosen?.threshold ?? null) : fromCurve(result, rule, file);
    if (chosen !== null) thresholds[label] = chosen;
  }
  return { thresholds, dataSet, films };
}

function fromCurve({ roc, rocThresholds }: Result, rule: ThresholdRule, file: string): number | null {
  if (roc.length === 0) return null;
  if (rocThresholds?.length !== roc.length) {
    throw new GatewayError('MODEL_INVALID', `${file} lacks the thresholds of its curves: evaluate the model again.`);
  }
  const corner =
    rule.kind === 'youden'
      ? cornerOfYouden(roc)
      : roc.findIndex(([, sensitivity]) => sensitivity >= rule.target - ROUNDING);
  return rocThresholds[corner] ?? null;
}

/** 9 of 10 films are 0.9 of them, though the evaluation's division may have left a hair less. */
const ROUNDING = 1e-9;

function cornerOfYouden(roc: Result['roc']): number {
  let best = 0;
  const measure = ([falsePositives, sensitivity]: readonly [number, number]) => sensitivity - falsePositives;
  roc.forEach((corner, index) => {
    if (measure(corner) >= measure(roc[best] ?? corner) - ROUNDING) best = index;
  });
  return best;
}

async function readEvaluation(path: string, file: string): Promise<z.infer<typeof schema>> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new GatewayError(
        'NOT_FOUND',
        `There is no ${file}: \`cxr-gateway model evaluate\` makes one.`,
        {},
        { cause },
      );
    }
    throw new GatewayError('MODEL_INVALID', `${file} cannot be read.`, {}, { cause });
  }
  const parsed = schema.safeParse(content);
  if (!parsed.success) throw new GatewayError('MODEL_INVALID', `${file} has another form.`);
  return parsed.data;
}
