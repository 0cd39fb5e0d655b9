import { describe, expect, it } from 'vitest';
import { ClaimLoop, SHUTDOWN } from '../src/claim-loop.ts';

interface Job {
  readonly name: string;
  readonly started: Promise<AbortSignal>;
  end(error?: Error): void;
}

/** A queue in memory whose jobs a test ends by itself. */
function setUp(names: readonly string[], places = 2) {
  const waiting = [...names];
  const jobs = new Map<string, Job & { start(signal: AbortSignal): Promise<void> }>();
  for (const name of names) {
    const started = Promise.withResolvers<AbortSignal>();
    const ended = Promise.withResolvers<void>();
    jobs.set(name, {
      name,
      started: started.promise,
      end: (error) => (error === undefined ? ended.resolve() : ended.reject(error)),
      start: (signal) => {
        started.resolve(signal);
        return ended.promise;
      },
    });
  }
  const asked: number[] = [];
  const errors: string[] = [];
  const loop = new ClaimLoop<string>({
    places: () => places,
    claim: async (count) => {
      asked.push(count);
      return waiting.splice(0, count);
    },
    run: async (name, { signal }) => jobs.get(name)?.start(signal),
    onError: (step, error) => errors.push(`${step}: ${(error as Error).message}`),
  });
  const job = (name: string): Job => {
    const found = jobs.get(name);
    if (found === undefined) throw new Error(`no job ${name}`);
    return found;
  };
  return { loop, job, waiting, asked, errors };
}

describe('a claim loop', () => {
  it('runs as many as there are places, and the next when one ends', async () => {
    const { loop, job, waiting, asked } = setUp(['a', 'b', 'c']);
    loop.open();
    await Promise.all([job('a').started, job('b').started]);
    expect(loop.running).toEqual(['a', 'b']);
    expect(waiting).toEqual(['c']);
    job('a').end();
    await job('c').started;
    expect(loop.running).toEqual(['b', 'c']);
    expect(asked).toEqual([2, 1]);
    loop.pause();
    for (const name of ['b', 'c']) job(name).end();
    await loop.drained();
    expect(loop.running).toEqual([]);
  });

  it('takes nothing before it is opened and nothing after it was paused', async () => {
    const { loop, job, asked } = setUp(['a']);
    loop.wake();
    expect(asked).toEqual([]);
    loop.open();
    await job('a').started;
    loop.pause();
    job('a').end();
    await loop.drained();
    loop.wake();
    expect(asked).toHaveLength(1);
  });

  it('goes on after a failure', async () => {
    const { loop, job, errors } = setUp(['a', 'b'], 1);
    loop.open();
    await job('a').started;
    job('a').end(new Error('not written'));
    await job('b').started;
    expect(errors).toEqual(['settle: not written']);
    job('b').end();
    await loop.stop();
  });

  it('cancels what matches, and everything when it stops', async () => {
    const { loop, job } = setUp(['a', 'b']);
    loop.open();
    const [a, b] = await Promise.all([job('a').started, job('b').started]);
    loop.cancel((name) => name === 'b', 'unwanted');
    expect([a.aborted, b.reason]).toEqual([false, 'unwanted']);
    const stopped = loop.stop();
    a.addEventListener('abort', () => job('a').end());
    job('b').end();
    await stopped;
    expect(a.reason).toBe(SHUTDOWN);
  });
});
