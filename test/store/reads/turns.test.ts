import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/store/reads/turns.ts';

describe('turns', () => {
  it('run one after the other in the order of asking, also behind one that fails', async () => {
    const turns = new Turns(3, 60_000);
    const events: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = turns.take(async () => {
      events.push('first begins');
      await gate.promise;
      events.push('first fails');
      throw new Error('first');
    });
    const second = turns.take(async () => events.push('second'));
    const third = turns.take(async () => events.push('third'));
    gate.resolve();
    await expect(first).rejects.toThrow('first');
    await Promise.all([second, third]);
    expect(events).toEqual(['first begins', 'first fails', 'second', 'third']);
  });

  it('are refused beyond the bound, and given again when one has ended', async () => {
    const turns = new Turns(2, 60_000);
    const gate = Promise.withResolvers<void>();
    const running = turns.take(() => gate.promise);
    const waiting = turns.take(async () => 'waited');
    await expect(turns.take(async () => 'refused')).rejects.toMatchObject({ code: 'BUSY', retryable: true });
    gate.resolve();
    await running;
    expect(await waiting).toBe('waited');
    expect(await turns.take(async () => 'again')).toBe('again');
  });

  it('that do not come soon enough are refused, and what was asked for is not done', async () => {
    const turns = new Turns(2, 20);
    const gate = Promise.withResolvers<string>();
    const running = turns.take(() => gate.promise);
    let began = false;
    const late = turns.take(async () => {
      began = true;
    });
    await expect(late).rejects.toMatchObject({ code: 'BUSY', retryable: true });
    const next = turns.take(async () => 'next'); // its place is free again
    gate.resolve('done');
    expect(await running).toBe('done'); // what has begun is not refused
    expect(await next).toBe('next');
    expect(began).toBe(false);
  });
});
