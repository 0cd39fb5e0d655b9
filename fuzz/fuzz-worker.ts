/** A thread of a campaign: runs every n-th case and says what came of it. */
import { parentPort, workerData } from 'node:worker_threads';
import { Random } from './random.ts';
import type { TargetModule } from './target.ts';

/** What the thread is given. */
export interface CampaignShare {
  /** Module of the target. */
  readonly module: string;
  readonly seed: number;
  /** First case, distance to the next, and the number of cases of the whole campaign. */
  readonly first: number;
  readonly step: number;
  readonly cases: number;
  /** [case under way, milliseconds since 1970 of its start]; -1 between cases. */
  readonly clock: Float64Array<SharedArrayBuffer>;
}

/** What it says. */
export type ShareReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'tally'; readonly outcomes: Readonly<Record<string, number>>; readonly slowestMs: number }
  | { readonly kind: 'finding'; readonly index: number; readonly what: string }
  | { readonly kind: 'done' };

/** Cases between two reports. */
const REPORT_EVERY = 100;

const share = workerData as CampaignShare;
const say = (report: ShareReport): void => parentPort?.postMessage(report);

let outcomes: Record<string, number> = {};
let slowestMs = 0;

function report(): void {
  say({ kind: 'tally', outcomes, slowestMs });
  outcomes = {};
  slowestMs = 0;
}

const { prepare } = (await import(share.module)) as TargetModule;
const target = await prepare();
say({ kind: 'ready' });
let since = 0;
for (let index = share.first; index < share.cases; index += share.step) {
  const began = performance.now();
  share.clock[1] = Date.now();
  share.clock[0] = index;
  try {
    const outcome = await target.run(new Random(share.seed, index));
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  } catch (error) {
    say({ kind: 'finding', index, what: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  share.clock[0] = -1;
  slowestMs = Math.max(slowestMs, performance.now() - began);
  since += 1;
  if (since % REPORT_EVERY === 0) report();
}
report();
await target.close();
say({ kind: 'done' });
