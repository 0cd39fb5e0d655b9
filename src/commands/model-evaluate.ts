/** `model evaluate`: what a model is worth on labelled films, FP32 beside INT8. */
import { loadConfig } from '../config.ts';
import { evaluateModel } from '../inference/evaluate/evaluate-model.ts';
import type { Estimate, Evaluation } from '../inference/evaluate/evaluation.ts';
import { Subjects } from '../inference/evaluate/subjects.ts';
import { writeEvaluation } from '../inference/evaluate/write-evaluation.ts';
import { findFolder } from './find-folder.ts';
import { print, printTable } from './output.ts';
import { Progress } from './progress.ts';

/** Options of the command line. */
export interface EvaluateCommand {
  readonly labels: string;
  readonly images: string;
  /** Target sensitivity; Youden's J without it. */
  readonly sensitivity?: number;
  readonly keepThresholds?: boolean;
  readonly dataSet?: string;
  readonly resamples: number;
  readonly seed: number;
  /** Print the JSON object instead of tables, and write nothing. */
  readonly json?: boolean;
}

/** Evaluates, prints the result and writes it into the model's folder. @throws GatewayError as evaluateModel */
export async function runEvaluate(named: string, command: EvaluateCommand): Promise<void> {
  const config = loadConfig();
  const { directory } = await findFolder(named, config.modelsDirectory);
  const subjects = await Subjects.load(directory, config.inference.threads);
  const progress = new Progress('reading', 'films');
  try {
    const evaluation = await evaluateModel({
      subjects,
      labelsFile: command.labels,
      films: command.images,
      dataSet: command.dataSet,
      rule: ruleOf(command),
      resamples: command.resamples,
      seed: command.seed,
      limits: config.film,
      onProgress: (done, total) => progress.update(done, total),
    });
    progress.end();
    if (command.json === true) return print(JSON.stringify(evaluation, null, 2));
    printEvaluation(evaluation);
    const files = await writeEvaluation(directory, subjects.manifest, evaluation);
    print(`Written into ${directory}: ${files.join(', ')}`);
  } finally {
    progress.end();
    await subjects[Symbol.asyncDispose]();
  }
}

function ruleOf({ sensitivity, keepThresholds }: EvaluateCommand): Evaluation['rule'] {
  if (keepThresholds === true) return { kind: 'kept' };
  return sensitivity === undefined ? { kind: 'youden' } : { kind: 'sensitivity', target: sensitivity };
}

function printEvaluation(evaluation: Evaluation): void {
  const { films, patients, labels, agreement, meanAuc, notRead, notFound, notLabelled } = evaluation;
  print(`${films} films${patients === null ? '' : ` of ${patients} patients`}; brackets: 95 % confidence intervals`);
  const rows = labels.map(({ label, positives, results, agreement: own, threshold }) => [
    label,
    String(positives),
    estimateText(results.FP32?.auc),
    estimateText(results.INT8?.auc),
    estimateText(own?.drop, 4),
    own === null ? '-' : own.meanDifference.toFixed(4),
    own === null ? '-' : String(own.flips),
    threshold.toPrecision(4),
  ]);
  printTable([
    ['label', 'positives', 'AUC FP32', 'AUC INT8', 'drop', 'mean |dp|', 'flips', 'threshold'],
    ...rows,
    [
      'mean',
      '',
      estimateText(meanAuc.FP32),
      estimateText(meanAuc.INT8),
      estimateText(agreement?.drop, 4),
      agreement?.meanDifference.toFixed(4) ?? '-',
      agreement === null ? '-' : String(agreement.flips),
      '',
    ],
  ]);
  for (const { file, problem } of notRead) print(`not read: ${file}: ${problem}`);
  if (notFound > 0) print(`${notFound} film(s) of the table are not in the folder.`);
  if (notLabelled > 0) print(`${notLabelled} film(s) of the folder are not in the table.`);
}

function estimateText(estimate: Estimate | undefined, digits = 3): string {
  if (estimate === undefined || estimate.value === null) return '-';
  const { value, interval } = estimate;
  const bounds = interval === null ? '' : ` (${interval.low.toFixed(digits)} to ${interval.high.toFixed(digits)})`;
  return value.toFixed(digits) + bounds;
}
