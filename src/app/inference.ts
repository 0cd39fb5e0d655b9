/** What reads films: worker threads, the choice of the engine, and the pipeline that claims readings for them. */
import type { ChangeFeed } from '../changes.ts';
import { GATEWAY_VERSION } from '../gateway-version.ts';
import { EngineChoice } from '../inference/engine-choice.ts';
import { codeOfLabel } from '../inference/finding-codes.ts';
import { InferencePool } from '../inference/pool.ts';
import { nameProcessor, type Processor, thisProcessor } from '../inference/processor.ts';
import type { Metrics } from '../metrics.ts';
import type { Registering } from '../models/register-models.ts';
import { ServedModels } from '../models/served-models.ts';
import { Pipeline } from '../pipeline.ts';
import type { Store } from '../store/store.ts';
import type { Building } from './building.ts';

/** A process without a pipeline renders pictures only. */
const RENDER_THREADS = 1;

/** What runs models in this process. */
export interface Inference {
  readonly pool: InferencePool;
  readonly served: ServedModels;
  readonly processor: Processor;
}

/** What the pipeline works with. */
export interface PipelineNeeds {
  readonly store: Store;
  readonly inference: Inference;
  readonly changes: ChangeFeed;
  /** Absolute path of a blob. */
  readonly blobPath: (key: string) => string;
  readonly metrics: Metrics;
}

/** Worker threads; where films are read, with the active version loaded in each. */
export async function openInference(
  { config, log, options, opened, readsFilms }: Building,
  { packages, modelVersions }: Registering,
): Promise<Inference> {
  const pool = opened.use(
    new InferencePool({
      threads: readsFilms ? config.inference.threads : RENDER_THREADS,
      intraOpThreads: config.inference.intraOpThreads,
      timeoutMs: config.inference.timeoutMs,
      ...(options.workerFile === undefined ? {} : { workerFile: options.workerFile }),
      onWorkerCrash: (cause) => log.error('pool.worker-crashed', {}, cause),
    }),
  );
  const processor = await thisProcessor();
  const choice = new EngineChoice({
    pool,
    processor,
    intraOpThreads: config.inference.intraOpThreads,
    precision: config.inference.precision,
    cacheFile: config.inference.engineCacheFile,
    log,
  });
  const served = new ServedModels({ packages, modelVersions, choice, pool, log });
  if (readsFilms) {
    options.onProgress?.('inference threads');
    await served.prepare();
  }
  return { pool, served, processor };
}

/** The pipeline, and what readies the engines of versions that come into use; undefined where no films are read. */
export function openPipeline(
  { config, log, opened, readsFilms }: Building,
  { store, inference, changes, blobPath, metrics }: PipelineNeeds,
): Pipeline | undefined {
  if (!readsFilms) return undefined;
  const { pool, served, processor } = inference;
  opened.use(served).follow(changes);
  return opened.use(
    new Pipeline({
      queue: store.queue,
      inferences: store.inferences,
      listener: store.listener,
      changes,
      pool,
      limits: config.film,
      gate: config.gate,
      maxAttempts: config.inference.maxAttempts,
      blobPath,
      modelReference: (digest) => served.reference(digest),
      codeOfLabel,
      host: { gatewayVersion: GATEWAY_VERSION, processor: nameProcessor(processor) },
      log,
      onOutcome: (state, timings) => metrics.inference(state, timings),
    }),
  );
}
