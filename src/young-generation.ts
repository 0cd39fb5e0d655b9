/** How much memory V8 takes for objects that have just come into being. */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Of this thread: two halves of 8 MB. */
const MOST_BYTES = 16 * 2 ** 20;
/** Half of it, of each thread that is started from now on. */
const WORKER_MEGABYTES = 2;

/**
 * Keeps young generations small. Films pass through memory outside V8's heap; what lies in it is small and short-lived, and lets each
 * thread's young generation grow to 64 MB of garbage all the same. Call it before most modules are loaded: they fill 64 MB of it.
 *
 * V8 takes a limit for threads that are yet to start, but for this one only a factor of growth, which it heeds whenever it would grow.
 * A factor of 1 for good would be simpler, but V8 also shrinks the young generation of a thread that is idle, to 2 MB or less: it
 * would stay there, with seven times the collections for the next films.
 */
export function keepYoungGenerationsSmall(): void {
  setFlagsFromString(`--max-semi-space-size=${WORKER_MEGABYTES}`);
  let factor = 0;
  const look = () => {
    const bytes = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
    const wanted = bytes * 2 > MOST_BYTES ? 1 : 2;
    if (wanted !== factor) setFlagsFromString(`--semi-space-growth-factor=${wanted}`);
    factor = wanted;
  };
  look();
  // It changes its size after collections only.
  new PerformanceObserver(look).observe({ entryTypes: ['gc'] });
}
