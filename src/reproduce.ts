/** A finding made again from what it was made from: the stored film, by the ONNX file that ran. Nothing is written. */
import type { FilmLimits } from './config.ts';
import type { GateEffects } from './dicom/gate-rules.ts';
import { GatewayError } from './errors.ts';
import { fileDigest } from './inference/compile/download.ts';
import { enginesOf } from './inference/engine.ts';
import type { ModelManifest } from './inference/manifest.ts';
import type { LabelScore, Reading, ReadTask } from './inference/reading.ts';
import type { RecordedFinding } from './store/reads/recorded-finding.ts';

/** What making again needs. */
export interface ReproductionOptions {
  readonly limits: FilmLimits;
  readonly gate: GateEffects;
  /** Absolute path of a blob. */
  readonly blobPath: (key: string) => string;
  /** The model folders of this machine. */
  readonly models: readonly { readonly directory: string; readonly manifest: ModelManifest }[];
  /** Name of the processor of this machine, as nameProcessor gives it. */
  readonly processor: string;
  readonly gatewayVersion: string;
  readonly read: (task: ReadTask) => Promise<Reading>;
  /** SHA-256 of another ONNX file of the model version to run instead. */
  readonly engine?: string | undefined;
}

/** What was recorded, and what it is now. */
interface Both<T> {
  readonly recorded: T | null;
  readonly now: T;
}

/** A finding beside itself. */
export interface Reproduction {
  readonly findingId: string;
  readonly label: string;
  readonly model: string;
  /**
   * BIT_EQUAL: probability and heat map to the last bit. WITHIN_TOLERANCE: probability within 1e-6 and heat map within 1e-4 on
   * the processor on which it was made. Else DIFFERENT.
   */
  readonly verdict: 'BIT_EQUAL' | 'WITHIN_TOLERANCE' | 'DIFFERENT';
  /** `difference` is now less recorded. */
  readonly probability: Both<number> & { readonly difference: number };
  /** Largest difference of a value, in logits; null when the two have not the same size. */
  readonly heatMap: { readonly values: number; readonly largestDifference: number | null };
  readonly engine: Both<string>;
  readonly preprocessingVersion: Both<string>;
  readonly gatewayVersion: Both<string>;
  readonly runtime: Both<string>;
  readonly processor: Both<string>;
  readonly filmSha256: string;
}

/** Largest differences that the order of additions explains. */
const PROBABILITY_TOLERANCE = 1e-6;
const LOGIT_TOLERANCE = 1e-4;

/**
 * Makes a finding again and compares.
 *
 * @throws GatewayError BLOB_UNREADABLE, BLOB_CORRUPT when the film is not the one that was read; MODEL_INVALID,
 *   MODEL_DIGEST_MISMATCH when the ONNX file that ran is not here; INVALID_STATE when it cannot be told what ran, or the gate
 *   would not let the film be read any more; what the film cannot be decoded for
 */
export async function reproduce(recorded: RecordedFinding, options: ReproductionOptions): Promise<Reproduction> {
  const { limits, gate, blobPath, processor, gatewayVersion } = options;
  const { findingId, label, filmSha256 } = recorded;
  const path = blobPath(recorded.blobKey);
  await requireFilm(path, filmSha256);
  const reading = await options.read({ path, model: engineToRun(recorded, options), limits, gateRules: gate });
  const score = scoreOf(reading, label);
  const difference = score.probability - recorded.probability;
  const largestDifference = largestOf(recorded.heatMapValues, score.heatMap);
  const onItsProcessor = recorded.processor === processor;
  return {
    findingId,
    label,
    model: `${recorded.modelName}@${recorded.modelVersion}`,
    verdict: verdictOf(Math.abs(difference), largestDifference, onItsProcessor),
    probability: { recorded: recorded.probability, now: score.probability, difference },
    heatMap: { values: score.heatMap.length, largestDifference },
    engine: { recorded: recorded.executedDigest, now: reading.digest },
    preprocessingVersion: { recorded: recorded.preprocessingVersion, now: reading.preprocessingVersion },
    gatewayVersion: { recorded: recorded.gatewayVersion, now: gatewayVersion },
    runtime: { recorded: recorded.runtime, now: reading.runtime },
    processor: { recorded: recorded.processor, now: processor },
    filmSha256,
  };
}

function verdictOf(probability: number, heatMap: number | null, onItsProcessor: boolean): Reproduction['verdict'] {
  if (heatMap === null) return 'DIFFERENT';
  if (probability === 0 && heatMap === 0) return 'BIT_EQUAL';
  const near = probability <= PROBABILITY_TOLERANCE && heatMap <= LOGIT_TOLERANCE;
  return near && onItsProcessor ? 'WITHIN_TOLERANCE' : 'DIFFERENT';
}

async function requireFilm(path: string, sha256: string): Promise<void> {
  const found = await fileDigest(path).catch((cause: unknown) => {
    throw new GatewayError('BLOB_UNREADABLE', 'The stored film cannot be read.', {}, { cause });
  });
  if (found !== sha256) {
    throw new GatewayError(
      'BLOB_CORRUPT',
      `The stored film has SHA-256 ${found}; the one that was read had ${sha256}.`,
    );
  }
}

function engineToRun(
  { executedDigest, modelDigest }: RecordedFinding,
  { models, engine }: ReproductionOptions,
): ReadTask['model'] {
  const digest = engine ?? executedDigest;
  if (digest === null) {
    throw new GatewayError('INVALID_STATE', 'The reading is from before it was kept which ONNX file ran; name one.');
  }
  const model = models.find(({ manifest }) => manifest.sha256 === modelDigest);
  if (model === undefined) {
    throw new GatewayError('MODEL_INVALID', `No folder of MODELS_DIR on this machine holds the model ${modelDigest}.`);
  }
  if (!enginesOf(model.manifest).some((known) => known.digest === digest)) {
    throw new GatewayError('MODEL_INVALID', `The folder of the model names no ONNX file with SHA-256 ${digest}.`);
  }
  return { directory: model.directory, digest };
}

function scoreOf({ evidence, scores }: Reading, label: string): LabelScore {
  if (evidence.verdict === 'INELIGIBLE') {
    throw new GatewayError('INVALID_STATE', 'The rules of the gate, as they are now, do not let the film be read.');
  }
  const score = scores.find((one) => one.label === label);
  if (score === undefined) throw new GatewayError('MODEL_INVALID', 'The model has no label of that name any more.');
  return score;
}

function largestOf(recorded: readonly number[], now: readonly number[]): number | null {
  if (recorded.length !== now.length) return null;
  return recorded.reduce((largest, value, index) => Math.max(largest, Math.abs(value - (now[index] as number))), 0);
}
