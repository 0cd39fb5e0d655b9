import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/store/reads/turns.ts';

describe('turns', () => {
  it('run one after the other in the order of asking, also behind one that fails', async () => {
    const turns = new Turns(3);
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
    const turns = new Turns(2);
    const gate = Promise.withResolvers<void>();
    const running = turns.take(() => gate.promise);
    const waiting = turns.take(async () => 'waited');
    await expect(turns.take(async () => 'refused')).rejects.toMatchObject({ code: 'BUSY', retryable: true });
    gate.resolve();
    await running;
    expect(await waiting).toBe('waited');
    expect(await turns.take(async () => 'again')).toBe('again');
  });
});
