/** A finding made again from what it was made from: the stored film, by the ONNX file that ran. Nothing is written. */
import type { FilmLimits } from './config.ts';
import type { GateEffects } from './dicom/gate-rules.ts';
import { type ErrorCode, GatewayError, toGatewayError } from './errors.ts';
import { fileDigest } from './inference/compile/download.ts';
import { enginesOf } from './inference/engine.ts';
import type { ModelManifest } from './inference/manifest.ts';
import type { LabelScore, Reading, ReadTask } from './inference/reading.ts';
import { servingManifest } from './inference/serving-manifest.ts';
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
   * the processor on which it was made. Else DIFFERENT, and always where the film is not the one that was read.
   */
  readonly verdict: 'BIT_EQUAL' | 'WITHIN_TOLERANCE' | 'DIFFERENT';
  /** Why an altered film could not be read again; absent: it was read. */
  readonly unreadable?: { readonly code: ErrorCode; readonly message: string };
  /** `difference` is now less recorded; both null where the film could not be read. */
  readonly probability: MaybeBoth<number> & { readonly difference: number | null };
  /** Largest difference of a value, in logits; null when the two have not the same size, or the film could not be read. */
  readonly heatMap: { readonly values: number; readonly largestDifference: number | null };
  readonly engine: MaybeBoth<string>;
  readonly preprocessingVersion: MaybeBoth<string>;
  readonly gatewayVersion: Both<string>;
  readonly runtime: MaybeBoth<string>;
  readonly processor: Both<string>;
  /** SHA-256 of the bytes that were read, and of those that are stored. */
  readonly film: Both<string>;
}

/** `now` is null where the film could not be read. */
interface MaybeBoth<T> {
  readonly recorded: T | null;
  readonly now: T | null;
}

/** Largest differences that the order of additions explains. */
const PROBABILITY_TOLERANCE = 1e-6;
const LOGIT_TOLERANCE = 1e-4;

/**
 * Makes a finding again and compares. A film that is not the one that was read is read all the same, to tell what that made of
 * the finding.
 *
 * @throws GatewayError BLOB_UNREADABLE when there is no film; MODEL_INVALID, MODEL_DIGEST_MISMATCH when the ONNX file that ran is
 *   not here; INVALID_STATE when it cannot be told what ran; of the film that was read also INVALID_STATE when the gate would not
 *   let it be read any more, and what it cannot be decoded for
 */
export async function reproduce(recorded: RecordedFinding, options: ReproductionOptions): Promise<Reproduction> {
  const { limits, gate, blobPath, processor, gatewayVersion } = options;
  const { findingId, label, modelName, modelVersion, heatMapValues } = recorded;
  const path = blobPath(recorded.blobKey);
  const film = { recorded: recorded.filmSha256, now: await digestOf(path) };
  const model = engineToRun(recorded, options);
  const altered = film.recorded !== film.now;
  const { reading, score, unreadable } = await readAgain(label, altered, () =>
    options.read({ path, model, limits, gateRules: gate }),
  );
  const difference = score === null ? null : score.probability - recorded.probability;
  const largestDifference = score === null ? null : largestOf(heatMapValues, score.heatMap);
  const onItsProcessor = recorded.processor === processor;
  return {
    findingId,
    label,
    model: `${modelName}@${modelVersion}`,
    verdict: altered ? 'DIFFERENT' : verdictOf(difference, largestDifference, onItsProcessor),
    ...(unreadable === undefined ? {} : { unreadable }),
    probability: { recorded: recorded.probability, now: score?.probability ?? null, difference },
    heatMap: { values: score?.heatMap.length ?? 0, largestDifference },
    engine: { recorded: recorded.executedDigest, now: reading?.digest ?? null },
    preprocessingVersion: { recorded: recorded.preprocessingVersion, now: reading?.preprocessingVersion ?? null },
    gatewayVersion: { recorded: recorded.gatewayVersion, now: gatewayVersion },
    runtime: { recorded: recorded.runtime, now: reading?.runtime ?? null },
    processor: { recorded: recorded.processor, now: processor },
    film,
  };
}

interface ReadAgain {
  readonly reading: Reading | null;
  readonly score: LabelScore | null;
  readonly unreadable?: { readonly code: ErrorCode; readonly message: string };
}

/** @throws GatewayError what the film is refused for, unless it was altered and is itself at fault */
async function readAgain(label: string, altered: boolean, read: () => Promise<Reading>): Promise<ReadAgain> {
  try {
    const reading = await read();
    return { reading, score: scoreOf(reading, label) };
  } catch (error) {
    const { code, message } = toGatewayError(error);
    // What is wrong with the model or this program says nothing of the film.
    if (!altered || code === 'INTERNAL' || code.startsWith('MODEL_')) throw error;
    return { reading: null, score: null, unreadable: { code, message } };
  }
}

function verdictOf(
  probability: number | null,
  heatMap: number | null,
  onItsProcessor: boolean,
): Reproduction['verdict'] {
  if (probability === null || heatMap === null) return 'DIFFERENT';
  if (probability === 0 && heatMap === 0) return 'BIT_EQUAL';
  const near = Math.abs(probability) <= PROBABILITY_TOLERANCE && heatMap <= LOGIT_TOLERANCE;
  return near && onItsProcessor ? 'WITHIN_TOLERANCE' : 'DIFFERENT';
}

async function digestOf(path: string): Promise<string> {
  return fileDigest(path).catch((cause: unknown) => {
    throw new GatewayError('BLOB_UNREADABLE', 'The stored film cannot be read.', {}, { cause });
  });
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
  return { directory: model.directory, digest, manifest: servingManifest(model.manifest) };
}

function scoreOf({ evidence, scores }: Reading, label: string): LabelScore {
  if (evidence.verdict === 'INELIGIBLE') {
    const why = evidence.reasons.join('; ');
    throw new GatewayError(
      'INVALID_STATE',
      `The rules of the gate, as they are now, do not let the film be read: ${why}`,
    );
  }
  const score = scores.find((one) => one.label === label);
  if (score === undefined) throw new GatewayError('MODEL_INVALID', 'The model has no label of that name any more.');
  return score;
}

function largestOf(recorded: readonly number[], now: readonly number[]): number | null {
  if (recorded.length !== now.length) return null;
  return recorded.reduce((largest, value, index) => Math.max(largest, Math.abs(value - (now[index] as number))), 0);
}
