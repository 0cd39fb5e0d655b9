/** The evaluation in the manifest: metrics of each precision, and the thresholds in force with where they come from. */
import { GatewayError } from '../../errors.ts';
import { type ModelManifest, parseManifest } from '../manifest.ts';
import type { Interval } from './bootstrap.ts';
import type { Evaluation, Precision } from './evaluation.ts';

type Metrics = ModelManifest['metrics'][number];

/**
 * The manifest with the metrics of an evaluation in the place of earlier ones on the same films, and with its thresholds
 * unless they were to be kept.
 *
 * @throws GatewayError MODEL_INVALID when the evaluation is of another model version
 */
export function withMetrics(manifest: ModelManifest, evaluation: Evaluation): ModelManifest {
  const { model, dataSet, rule } = evaluation;
  if (model.name !== manifest.name || model.version !== manifest.version) {
    throw new GatewayError('MODEL_INVALID', `The evaluation is of ${model.name}@${model.version}.`);
  }
  const precisions = (['FP32', 'INT8'] as const).filter((precision) => evaluation.digests[precision] !== undefined);
  const metrics = [
    ...manifest.metrics.filter((entry) => entry.dataSet !== dataSet),
    ...precisions.flatMap((precision) => metricsOf(evaluation, precision)),
  ];
  const { reference: distributions, films } = evaluation;
  const reference = distributions === undefined ? {} : { reference: { dataSet, films, ...distributions } };
  const changed =
    rule.kind === 'kept'
      ? { ...manifest, metrics, ...reference }
      : { ...withThresholds(manifest, evaluation), metrics, ...reference };
  return parseManifest(JSON.stringify(changed), manifest.name);
}

/** None when no label has films of both kinds. */
function metricsOf(evaluation: Evaluation, precision: Precision): Metrics[] {
  const { labels, dataSet, films, agreement } = evaluation;
  const mean = evaluation.meanAuc[precision];
  if (mean === undefined || mean.value === null) return [];
  const results = labels.flatMap(({ label, results }) => {
    const result = results[precision];
    return result === undefined || result.auc.value === null
      ? []
      : [{ label, ...result, auc: result.auc.value, interval: result.auc.interval }];
  });
  const drops = labels.flatMap(({ label, agreement: own }) =>
    own === null || own.drop.value === null ? [] : [[label, rounded(own.drop.value)] as const],
  );
  return [
    {
      measure: 'AUC',
      precision,
      ...digestOf(evaluation, precision),
      dataSet,
      films,
      measuredThrough: 'cxr-gateway model evaluate',
      mean: rounded(mean.value),
      perLabel: Object.fromEntries(results.map(({ label, auc }) => [label, rounded(auc)])),
      intervals: {
        mean: bounds(mean.interval),
        perLabel: Object.fromEntries(
          results.flatMap(({ label, interval }) => (interval === null ? [] : [[label, bounds(interval)]])),
        ),
      },
      calibrationError: Object.fromEntries(
        results.map(({ label, calibrationError }) => [label, rounded(calibrationError)]),
      ),
      ...(precision === 'FP32' || agreement === null || agreement.drop.value === null
        ? {}
        : {
            againstFp32: {
              drop: rounded(agreement.drop.value),
              dropPerLabel: Object.fromEntries(drops),
              meanDifference: rounded(agreement.meanDifference),
              maxDifference: rounded(agreement.maxDifference),
              flips: agreement.flips,
            },
          }),
    },
  ];
}

function withThresholds(manifest: ModelManifest, evaluation: Evaluation): ModelManifest {
  const { rule, chosenOn, films, dataSet } = evaluation;
  const choice =
    rule.kind === 'sensitivity'
      ? `the highest threshold with a sensitivity of at least ${rule.target}`
      : "Youden's J: the threshold with the largest sensitivity + specificity - 1";
  const byName = new Map(evaluation.labels.map((label) => [label.label, label]));
  const points = evaluation.labels.flatMap(({ label, positives, results }) => {
    const point = results[chosenOn]?.inForce;
    if (point === undefined || point.specificity === null) return [];
    const sensitivity = point.sensitivity === null ? null : rounded(point.sensitivity);
    return [[label, { positives, sensitivity, specificity: rounded(point.specificity) }] as const];
  });
  return {
    ...manifest,
    labels: manifest.labels.map((label) => ({
      ...label,
      threshold: byName.get(label.name)?.threshold ?? label.threshold,
    })),
    thresholdsOrigin: {
      method:
        `${choice}, halfway between the neighbouring probabilities of ${chosenOn}. Chosen and measured on the same ` +
        'films, so sensitivity and specificity are optimistic. Labels without films of both kinds keep their threshold.',
      dataSet,
      films,
      operatingPoints: Object.fromEntries(points),
    },
  };
}

function digestOf({ digests }: Evaluation, precision: Precision): { sha256?: string } {
  const sha256 = digests[precision];
  return sha256 === undefined ? {} : { sha256 };
}

function bounds(interval: Interval): [number, number];
function bounds(interval: Interval | null): [number, number] | null;
function bounds(interval: Interval | null): [number, number] | null {
  return interval === null ? null : [rounded(interval.low), rounded(interval.high)];
}

/** Four decimals: far below any confidence interval. */
function rounded(value: number): number {
  return Number(value.toFixed(4));
}
