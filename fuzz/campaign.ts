/**
 * Runs the cases of a campaign in threads and watches them: a case that takes longer than a second is a hang, a thread that dies is
 * a crash, memory above three times the cap is a leak. Each is a finding with the number of its case, which alone repeats it.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { CampaignShare, ShareReport } from './fuzz-worker.ts';
import type { TargetModule } from './target.ts';

/** Longest time for one case, unless its target says otherwise. */
export const HANG_MS = 1000;
/** Peak memory above the beginning, as a multiple of the cap. */
const MEMORY_FACTOR = 3;

const LOOK_EVERY_MS = 50;
/** A thread that is late because the machine is, not because of its case, has caught up by then. */
const GRACE_MS = 500;

/** What to run. */
export interface CampaignOptions {
  /** URL of the target's module. */
  readonly module: string;
  readonly seed: number;
  readonly first: number;
  /** Number behind the last case. */
  readonly cases: number;
  readonly threads?: number;
  readonly onProgress?: (done: number) => void;
}

/** Something the gateway must not do. */
export interface Finding {
  /** Number of the case; -1 where no single case is at fault. */
  readonly index: number;
  readonly what: string;
}

/** What a campaign found. */
export interface CampaignOutcome {
  readonly cases: number;
  readonly seconds: number;
  /** Cases by how they ended. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** Resident memory above that of the prepared targets, in bytes. */
  readonly peakBytes: number;
  readonly capBytes: number;
  readonly findings: readonly Finding[];
}

/** Runs a campaign to its end. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignOutcome> {
  const target = (await import(options.module)) as TargetModule;
  const campaign = new Campaign(options, target);
  return campaign.run();
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #capBytes: number;
  readonly #hangMs: number;
  readonly #heapMib: number | undefined;
  readonly #threads: number;
  readonly #outcomes: Record<string, number> = {};
  readonly #findings: Finding[] = [];
  #slowestMs = 0;
  #done = 0;
  #ready = 0;
  #baseline = 0;
  #peak = 0;

  constructor(options: CampaignOptions, { CAP_BYTES, HANG_MS: hangMs = HANG_MS, HEAP_MIB }: TargetModule) {
    this.#options = options;
    this.#capBytes = CAP_BYTES;
    this.#heapMib = HEAP_MIB;
    this.#hangMs = hangMs;
    this.#threads = Math.min(options.threads ?? availableParallelism(), options.cases - options.first);
  }

  async run(): Promise<CampaignOutcome> {
    const began = performance.now();
    const { first, cases } = this.#options;
    const memory = setInterval(() => this.#lookAtMemory(), LOOK_EVERY_MS);
    await Promise.all(Array.from({ length: this.#threads }, (_, index) => this.#share(first + index)));
    this.#lookAtMemory();
    clearInterval(memory);
    const peakBytes = Math.max(0, this.#peak - this.#baseline);
    if (peakBytes > MEMORY_FACTOR * this.#capBytes) {
      this.#findings.push({ index: -1, what: `Memory rose by ${peakBytes} bytes; the cap is ${this.#capBytes}.` });
    }
    return {
      cases: cases - first,
      seconds: (performance.now() - began) / 1000,
      outcomes: Object.fromEntries(Object.entries(this.#outcomes).sort(([, a], [, b]) => b - a)),
      slowestMs: this.#slowestMs,
      peakBytes,
      capBytes: this.#capBytes,
      findings: this.#findings.sort((a, b) => a.index - b.index),
    };
  }

  #lookAtMemory(): void {
    if (this.#ready < this.#threads) return;
    const { rss } = process.memoryUsage();
    if (this.#baseline === 0) this.#baseline = rss;
    this.#peak = Math.max(this.#peak, rss);
  }

  /** One thread's cases; a thread that hung or died is followed by another that goes on behind the case at fault. */
  async #share(first: number): Promise<void> {
    for (let next: number | undefined = first; next !== undefined && next < this.#options.cases; ) {
      next = await this.#runThread(next);
    }
  }

  /** @returns the case to go on with; undefined when all are done */
  #runThread(first: number): Promise<number | undefined> {
    const { module, seed, cases } = this.#options;
    const clock = new Float64Array(new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT));
    clock[0] = -1;
    const share: CampaignShare = { module, seed, first, step: this.#threads, cases, clock };
    const resourceLimits = this.#heapMib === undefined ? {} : { maxOldGenerationSizeMb: this.#heapMib };
    const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), { workerData: share, resourceLimits });
    return new Promise((resolve, reject) => {
      let prepared = false;
      let last = first - this.#threads;
      const end = (what: string | undefined): void => {
        clearInterval(watch);
        if (what === undefined) {
          resolve(undefined);
          return;
        }
        if (!prepared) {
          reject(new Error(`The target could not be prepared. ${what}`));
          return;
        }
        const index = clock[0] === undefined || clock[0] < 0 ? last : clock[0];
        this.#findings.push({ index, what });
        worker.removeAllListeners();
        worker.on('error', () => {});
        void worker.terminate().then(() => resolve(index + this.#threads));
      };
      const watch = setInterval(() => {
        const [index = -1, startedAt = 0] = clock;
        if (index >= 0) last = index;
        if (index >= 0 && Date.now() - startedAt > this.#hangMs + GRACE_MS) {
          end(`The case took longer than ${this.#hangMs} ms.`);
        }
      }, LOOK_EVERY_MS);
      worker.on('message', (report: ShareReport) => {
        this.#take(report);
        prepared ||= report.kind === 'ready';
        if (report.kind === 'done') end(undefined);
      });
      worker.on('error', (error) => end(`The thread died: ${error instanceof Error ? error.stack : String(error)}`));
      worker.on('exit', (code) => {
        if (code !== 0) end(`The thread ended with ${code}.`);
      });
    });
  }

  #take(report: ShareReport): void {
    if (report.kind === 'ready') this.#ready += 1;
    if (report.kind === 'finding') this.#findings.push({ index: report.index, what: report.what });
    if (report.kind !== 'tally') return;
    for (const [outcome, count] of Object.entries(report.outcomes)) {
      this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + count;
      this.#done += count;
    }
    this.#slowestMs = Math.max(this.#slowestMs, report.slowestMs);
    this.#options.onProgress?.(this.#done);
  }
}
