/**
 * What runs in a worker thread of the pool. One task at a time, each a function exported by name; errors are returned
 * as data, so that any rejection that the pool sees means that the thread itself failed.
 */
import { assessPixels } from '../dicom/evidence/assess-pixels.ts';
import { PixelMemory, readFilm } from '../dicom/film.ts';
import type { EligibilityAssessment } from '../dicom/gate-rules.ts';
import { serializeError, toGatewayError } from '../errors.ts';
import { measureEngines as measure } from './engine-measurement.ts';
import { NativeGate } from './native-gate.ts';
import { prepareInput } from './preprocess.ts';
import type {
  EngineMeasurement,
  GreyStatistics,
  HeatMapGrid,
  LabelScore,
  ModelReference,
  Reading,
  ReadTask,
  RenderTask,
  StageTimings,
  WorkerAnswer,
} from './reading.ts';
import { drawHeatMap, drawPreview } from './render.ts';
import { preprocessingVersion, type ServingManifest } from './serving-manifest.ts';
import { type ModelOutput, type ModelSession, RUNTIME } from './session.ts';
import { SessionCache } from './session-cache.ts';
import { Stopwatch } from './stopwatch.ts';

/** The active model version, a canary and three shadows: all that can read new films at once. */
const KEPT_SESSIONS = 5;
const sessions = new SessionCache(KEPT_SESSIONS);
/** One task runs at a time, so one film's pixels are held at a time. */
const memory = new PixelMemory();

/** What every task that needs a model brings. */
interface SessionTask {
  readonly model: ModelReference;
  /** ONNX Runtime threads of the session. */
  readonly intraOpThreads: number;
  /** See native-gate.ts. */
  readonly gate: Int32Array<SharedArrayBuffer>;
}

/** What every task that decodes a film brings. */
interface FilmTask {
  /** Threads of the pool that have nothing to do. */
  readonly spareThreads: number;
}

/** Reads one film: file, pixels, gate, tensor, scores. A film whose pixels the gate refuses is not shown to the model. */
export function read(task: ReadTask & SessionTask & FilmTask): Promise<WorkerAnswer<Reading>> {
  return answer(async () => {
    const gate = new NativeGate(task.gate);
    const session = await gate.native(() => sessions.get(task.model, task.intraOpThreads));
    const watch = new Stopwatch();
    const { film } = await readFilm(task.path, task.limits, memory, task.spareThreads);
    const readAndDecode = watch.lap();
    const evidence = assessPixels(film, task.gateRules);
    const input = evidence.verdict === 'INELIGIBLE' ? undefined : prepareInput(film, session.manifest);
    const preprocessing = watch.lap();
    const output = input === undefined ? undefined : await gate.native(() => session.run(input.tensor));
    const inference = watch.lap();
    const timings: StageTimings = {
      ...film.timings,
      preprocessMs: preprocessing.wallMs,
      inferenceMs: inference.wallMs,
      ...processorTimes(readAndDecode.cpuMs, preprocessing.cpuMs, inference.cpuMs),
    };
    return toReading(session, evidence, output, { source: film.grayscale, input: input?.grey ?? null }, timings);
  });
}

/** Loads a model and runs it once on an empty film. */
export function warmUp(task: SessionTask): Promise<WorkerAnswer<null>> {
  return answer(async () => {
    const gate = new NativeGate(task.gate);
    const session = await gate.native(() => sessions.get(task.model, task.intraOpThreads));
    const { channels, height, width } = session.manifest.input;
    await gate.native(() => session.run(new Float32Array(channels * height * width)));
    return null;
  });
}

/** Times the engines of a model against each other. */
export function measureEngines(
  task: Omit<SessionTask, 'model'> & { readonly engines: readonly ModelReference[] },
): Promise<WorkerAnswer<readonly EngineMeasurement[]>> {
  return answer(() => measure(task.engines, task.intraOpThreads, new NativeGate(task.gate)));
}

/** The film as PNG. */
export function renderPreview(task: RenderTask & FilmTask): Promise<WorkerAnswer<Uint8Array>> {
  return answer(async () => {
    const { film } = await readFilm(task.path, task.limits, memory, task.spareThreads);
    return drawPreview(film, task.maximumSize);
  });
}

/** The film with a heat map over it as PNG. */
export function renderHeatMap(
  task: RenderTask & FilmTask & { readonly grid: HeatMapGrid },
): Promise<WorkerAnswer<Uint8Array>> {
  return answer(async () => {
    const { film } = await readFilm(task.path, task.limits, memory, task.spareThreads);
    return drawHeatMap(film, task.maximumSize, task.grid);
  });
}

async function answer<T>(work: () => Promise<T>): Promise<WorkerAnswer<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    const { cause } = toGatewayError(error);
    return { ok: false, error: serializeError(error), stack: cause instanceof Error ? cause.stack : undefined };
  }
}

function toReading(
  session: ModelSession,
  evidence: EligibilityAssessment,
  output: ModelOutput | undefined,
  grey: { readonly source: string; readonly input: GreyStatistics | null },
  timings: StageTimings,
): Reading {
  const { manifest, digest, engine } = session;
  const map = output?.classActivationMap ?? null;
  return {
    digest,
    precision: engine.precision,
    heatMapRows: map?.rows ?? 0,
    heatMapColumns: map?.columns ?? 0,
    evidence,
    scores: output === undefined ? [] : toScores(manifest, output),
    grayscale: grey.source,
    preprocessingVersion: preprocessingVersion(manifest),
    input: grey.input,
    runtime: RUNTIME,
    timings,
  };
}

function toScores({ labels }: ServingManifest, { probabilities, classActivationMap: map }: ModelOutput): LabelScore[] {
  return labels.map(({ name, threshold }, index) => {
    const probability = probabilities[index] as number;
    const heatMap = map === null ? [] : everyNth(map.values, index, labels.length);
    return { label: name, probability, threshold, positive: probability >= threshold, heatMap };
  });
}

function everyNth(values: Float32Array, first: number, step: number): number[] {
  return Array.from({ length: values.length / step }, (_, index) => values[first + index * step] as number);
}

function processorTimes(
  readAndDecodeMs: number | undefined,
  preprocessMs: number | undefined,
  inferenceMs: number | undefined,
): Pick<StageTimings, 'cpuMs' | 'cpuByStage'> {
  if (readAndDecodeMs === undefined || preprocessMs === undefined || inferenceMs === undefined) return {};
  return {
    cpuMs: readAndDecodeMs + preprocessMs + inferenceMs,
    cpuByStage: { readAndDecodeMs, preprocessMs, inferenceMs },
  };
}
