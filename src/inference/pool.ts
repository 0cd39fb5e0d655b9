/**
 * The worker threads that read films. The main thread hands over file paths and gets scores: it never decodes and
 * never infers.
 *
 * How a task ends: `read` and the others resolve with its value, or reject with
 *
 *   the worker's coded error      a film or model at fault; the thread lives on
 *   BUSY                          the line is full; nothing was started
 *   INFERENCE_CANCELLED           the caller's signal; a waiting task leaves the line, a running one is ended
 *   INFERENCE_TIMEOUT             the deadline, counted from the thread's start on the task, which is ended
 *   WORKER_CRASHED                the thread ended by itself (uncaught error, exit, out of memory)
 *   SHUTTING_DOWN                 the pool is disposed or terminated
 *
 * A thread that ended is replaced at once, so a film that kills its thread costs the others nothing but that thread's
 * start (about 0.3 s with a model to load). A thread inside ONNX Runtime is never ended: see native-gate.ts. There a
 * cancellation or deadline takes effect when the call returns, which for one film is a matter of milliseconds, and the
 * thread lives on.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { FilmLimits } from '../config.ts';
import { deserializeError, GatewayError, type SerializedError } from '../errors.ts';
import { workerFile } from '../worker-file.ts';
import { PoolRecorder, type PoolStatistics } from './pool-statistics.ts';
import type { EngineMeasurement, HeatMapGrid, ModelReference, Reading, ReadTask, WorkerAnswer } from './reading.ts';
import { RunningTask, workerCrashed } from './running-task.ts';
import { shuttingDown, ThreadSlots } from './slots.ts';

export type { PoolStatistics } from './pool-statistics.ts';
export type { HeatMapGrid, LabelScore, ModelReference, Reading, ReadTask, StageTimings } from './reading.ts';

/** How to build a pool. */
export interface InferencePoolOptions {
  /** Worker threads; one a core is best. */
  readonly threads: number;
  /** ONNX Runtime threads within one worker; 1 is best while there are as many workers as cores. */
  readonly intraOpThreads: number;
  /** Longest time a task may hold a thread, in milliseconds. */
  readonly timeoutMs: number;
  /** Most tasks that wait for a thread; more are refused with BUSY. 16 a thread unless told. */
  readonly maxQueue?: number;
  /** The module that runs in the threads; for tests of crashes. */
  readonly workerFile?: URL | undefined;
  /** Told of every thread that ended by itself, for the log. */
  readonly onWorkerCrash?: (cause: unknown) => void;
}

const WAITING_PER_THREAD = 16;

/** Measuring loads several engines and runs them for 2 s: on a busy machine more than a film may take. */
const MEASURING_TIMEOUT_MS = 30_000;

/** Functions that the worker module exports. */
type WorkerFunction = 'read' | 'warmUp' | 'measureEngines' | 'renderPreview' | 'renderHeatMap';

/** A fixed number of worker threads with a bounded line in front of them. */
export class InferencePool implements AsyncDisposable {
  readonly threads: number;
  readonly #intraOpThreads: number;
  readonly #timeoutMs: number;
  readonly #onWorkerCrash: (cause: unknown) => void;
  readonly #slots: ThreadSlots;
  readonly #piscina: Piscina;
  readonly #recorder = new PoolRecorder();
  /** The tasks that hold a thread now. */
  readonly #running = new Set<RunningTask>();
  #terminating = false;

  constructor(options: InferencePoolOptions) {
    this.threads = options.threads;
    this.#intraOpThreads = options.intraOpThreads;
    this.#timeoutMs = options.timeoutMs;
    this.#onWorkerCrash = options.onWorkerCrash ?? (() => {});
    this.#slots = new ThreadSlots(options.threads, options.maxQueue ?? options.threads * WAITING_PER_THREAD);
    this.#piscina = new Piscina({
      filename: fileURLToPath(options.workerFile ?? workerFile(import.meta.url, 'read-worker')),
      minThreads: options.threads,
      maxThreads: options.threads,
      concurrentTasksPerWorker: 1,
      recordTiming: false,
    });
    this.#piscina.on('error', (cause: unknown) => this.#onIdleWorkerError(cause));
  }

  /** Threads that nobody uses or waits for. */
  get freeThreads(): number {
    return this.#slots.free;
  }

  /** Depth of the line, threads in use, outcomes so far, times of the readings. */
  get statistics(): PoolStatistics {
    return this.#recorder.statistics({
      threads: this.threads,
      busy: this.#slots.busy,
      waiting: this.#slots.waiting,
    });
  }

  /**
   * Reads one film by one model version.
   *
   * @throws GatewayError see the head of this file
   */
  read(task: ReadTask, signal?: AbortSignal): Promise<Reading> {
    return this.#run<Reading>('read', { ...task, intraOpThreads: this.#intraOpThreads }, signal);
  }

  /**
   * Loads a model on every thread and runs it once, so that the first films are as quick as the rest and a model that
   * does not fit its manifest is found before a film is.
   *
   * @throws GatewayError MODEL_INVALID, MODEL_DIGEST_MISMATCH, INFERENCE_FAILED, and those at the head of this file
   */
  async warmUp(model: ModelReference): Promise<void> {
    // On an idle pool as many tasks as threads reach every thread, for none is done before all are handed over.
    const task = { model, intraOpThreads: this.#intraOpThreads };
    await Promise.all(Array.from({ length: this.threads }, () => this.#run<null>('warmUp', task)));
  }

  /**
   * Times engines of one model against each other in one thread, for at most about 3 s (engine-measurement.ts).
   *
   * @returns one entry an engine, in the same order
   */
  measureEngines(engines: readonly ModelReference[]): Promise<readonly EngineMeasurement[]> {
    const timeoutMs = Math.max(MEASURING_TIMEOUT_MS, this.#timeoutMs);
    return this.#run('measureEngines', { engines, intraOpThreads: this.#intraOpThreads }, undefined, timeoutMs);
  }

  /** The film as 8-bit grey PNG, its longest side at most `maximumSize` pixels. */
  renderPreview(path: string, limits: FilmLimits, maximumSize: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#run('renderPreview', { path, limits, maximumSize }, signal);
  }

  /** The film with a class activation map over it as RGB PNG, its longest side at most `maximumSize` pixels. */
  renderHeatMap(
    path: string,
    limits: FilmLimits,
    maximumSize: number,
    grid: HeatMapGrid,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    return this.#run('renderHeatMap', { path, limits, maximumSize, grid }, signal);
  }

  /** Refuses what waits, lets what runs end (at the latest by its deadline), then ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#slots.close();
    // Not piscina.close(): in 5.3.2 it counts a finished thread several times and ends threads that still run.
    await this.#piscina.destroy();
  }

  /**
   * Ends at once: what runs is refused with SHUTTING_DOWN too. For a shutdown that has run out of patience: a process
   * that exits while a thread is inside ONNX Runtime aborts (native-gate.ts), so this comes before process.exit.
   */
  async terminate(): Promise<void> {
    this.#terminating = true;
    for (const running of this.#running) running.end('SHUTDOWN');
    await this[Symbol.asyncDispose]();
  }

  async #run<T>(name: WorkerFunction, task: object, signal?: AbortSignal, timeoutMs = this.#timeoutMs): Promise<T> {
    const asked = performance.now();
    try {
      await this.#slots.acquire(signal);
      const started = performance.now();
      try {
        const value = await this.#runOnThread<T>(name, task, signal, timeoutMs);
        if (name === 'read') this.#recorder.read(started - asked, performance.now() - started);
        return value;
      } finally {
        this.#slots.release();
      }
    } catch (error) {
      if (error instanceof GatewayError) this.#recorder.failed(error.code);
      throw error;
    }
  }

  async #runOnThread<T>(
    name: WorkerFunction,
    task: object,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<T> {
    if (this.#terminating) throw shuttingDown();
    using running = new RunningTask(timeoutMs, signal);
    this.#running.add(running);
    try {
      const request = { ...task, gate: running.gate, spareThreads: this.freeThreads };
      const answer: WorkerAnswer<T> = await this.#piscina.run(request, { name, signal: running.terminateSignal });
      if (running.endError !== undefined) throw running.endError;
      if (answer.ok) return answer.value;
      throw restore(answer.error, answer.stack);
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      if (running.endError !== undefined) throw running.endError;
      this.#onWorkerCrash(error);
      throw workerCrashed(error);
    } finally {
      this.#running.delete(running);
    }
  }

  /**
   * A thread ended while it had no task, mostly while it started. Piscina does not try again by itself then, so when
   * none is left, what waits for one would wait for its deadline.
   */
  #onIdleWorkerError(cause: unknown): void {
    this.#onWorkerCrash(cause);
    if (this.#piscina.threads.length > 0) return;
    for (const running of this.#running) running.end('NO_WORKER');
  }
}

/** The worker's error, with the stack of what lay under it as `cause`. */
function restore(error: SerializedError, stack: string | undefined): GatewayError {
  const coded = deserializeError(error);
  if (stack === undefined) return coded;
  const cause = new Error('in a worker thread');
  cause.stack = stack;
  coded.cause = cause;
  return coded;
}
