import type { CodedConcept } from '../inference/finding-codes.ts';
import type { Reading } from '../inference/pool.ts';
import type { ClaimedInference, NewResult } from '../store/inference-records.ts';

/** What a result has beside the reading. */
export interface ResultSources {
  readonly codeOfLabel: (label: string) => CodedConcept | null;
  /** What reads here, kept with each result. */
  readonly host: { readonly gatewayVersion: string; readonly processor: string };
}

/**
 * A reading as it is written.
 *
 * @param thresholds - in force, by label; null where the version has no set of its own
 */
export function newResult(
  reading: Reading,
  thresholds: ClaimedInference['thresholds'],
  { codeOfLabel, host }: ResultSources,
): NewResult {
  const { readMs, decodeMs, preprocessMs, inferenceMs } = reading.timings;
  return {
    heatMapRows: reading.heatMapRows,
    heatMapColumns: reading.heatMapColumns,
    timings: { readMs, decodeMs, preprocessMs, inferenceMs },
    executed: { digest: reading.digest, precision: reading.precision },
    provenance: {
      ...host,
      preprocessingVersion: reading.preprocessingVersion,
      grayscaleSource: reading.grayscale,
      runtime: reading.runtime,
      inputMean: reading.input?.mean ?? null,
      inputDeviation: reading.input?.deviation ?? null,
    },
    warnings: reading.evidence.reasons,
    findings: reading.scores.map(({ label, probability, heatMap, ...asPackaged }) => {
      const code = codeOfLabel(label);
      // The manifest on disk may have changed since the version was registered; its threshold set is what is in force.
      const threshold = thresholds?.[label] ?? asPackaged.threshold;
      return {
        label,
        probability,
        threshold,
        positive: probability >= threshold,
        heatMap,
        code: code === null ? null : { system: code.system, value: code.code, display: code.display },
      };
    }),
  };
}
