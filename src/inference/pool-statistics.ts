/** Outcomes and times of a pool's tasks since it was built. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { ErrorCode } from '../errors.ts';

/** A distribution of times in milliseconds, resolved to 1 microsecond. */
export interface TimeSummary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** State of a pool now, and what became of its tasks. */
export interface PoolStatistics {
  readonly threads: number;
  /** Threads in use. */
  readonly busy: number;
  /** Tasks in line. */
  readonly waiting: number;
  /** Films read. */
  readonly readings: number;
  /** Tasks of every kind that failed, by code. */
  readonly failed: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Time in line of the films read. */
  readonly waitMs: TimeSummary;
  /** Time on a thread of the films read. */
  readonly runMs: TimeSummary;
}

const MICROSECONDS = 1000;

/** Counts. */
export class PoolRecorder {
  readonly #wait = createHistogram();
  readonly #run = createHistogram();
  readonly #failed: Partial<Record<ErrorCode, number>> = {};

  /** A film was read after so many milliseconds in line and on a thread. */
  read(waitMs: number, runMs: number): void {
    record(this.#wait, waitMs);
    record(this.#run, runMs);
  }

  /** A task ended with an error. */
  failed(code: ErrorCode): void {
    this.#failed[code] = (this.#failed[code] ?? 0) + 1;
  }

  /** Everything so far beside the pool's present state. */
  statistics(now: Pick<PoolStatistics, 'threads' | 'busy' | 'waiting'>): PoolStatistics {
    return {
      ...now,
      readings: this.#run.count,
      failed: { ...this.#failed },
      waitMs: summarize(this.#wait),
      runMs: summarize(this.#run),
    };
  }
}

/** Node's histograms hold whole numbers from 1. */
function record(histogram: RecordableHistogram, milliseconds: number): void {
  histogram.record(Math.max(1, Math.round(milliseconds * MICROSECONDS)));
}

function summarize(histogram: RecordableHistogram): TimeSummary {
  if (histogram.count === 0) return { count: 0, mean: 0, p50: 0, p99: 0, max: 0 };
  return {
    count: histogram.count,
    mean: histogram.mean / MICROSECONDS,
    p50: histogram.percentile(50) / MICROSECONDS,
    p99: histogram.percentile(99) / MICROSECONDS,
    max: histogram.max / MICROSECONDS,
  };
}
