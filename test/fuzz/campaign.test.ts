import { describe, expect, it } from 'vitest';
import { runCampaign } from '../../fuzz/campaign.ts';
import { mutate } from '../../fuzz/mutate.ts';
import { Random } from '../../fuzz/random.ts';
import { CAMPAIGN } from './faulty-target.ts';

describe('a fuzz campaign', () => {
  it('finds what throws, what hangs and what dies, and goes on behind each', async () => {
    const { seed, cases, throws, hangs, dies } = CAMPAIGN;
    const module = new URL('./faulty-target.ts', import.meta.url).href;
    const outcome = await runCampaign({ module, seed, first: 0, cases, threads: 2 });
    expect(outcome.findings.map(({ index }) => index)).toEqual([throws, hangs, dies]);
    const [thrown, hung, died] = outcome.findings.map(({ what }) => what);
    expect(thrown).toContain('TypeError: a fault');
    expect(hung).toContain('longer than 1000 ms');
    expect(died).toContain('ended with 7');
    expect(outcome.slowestMs).toBeLessThan(1000);
  });

  it('refuses to go on without a target', async () => {
    const module = new URL('./no-such-target.ts', import.meta.url).href;
    await expect(runCampaign({ module, seed: 1, first: 0, cases: 2 })).rejects.toThrow();
  });

  it('makes the same inputs from the same seed, others from another, and leaves the film as it was', () => {
    const film = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);
    const inputs = (seed: number) => Array.from({ length: 200 }, (_, index) => mutate(film, new Random(seed, index)));
    expect(inputs(1)).toEqual(inputs(1));
    expect(inputs(1)).not.toEqual(inputs(2));
    expect(new Set(inputs(1).map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBeGreaterThan(190);
    expect(film.every((value, index) => value === index % 251)).toBe(true);
  });
});
