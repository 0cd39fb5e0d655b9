import { describe, expect, it } from 'vitest';
import { Capacity } from '../src/capacity.ts';

const BUSY = { code: 'BUSY', details: { retryAfterSeconds: 7 } };

describe('a capacity', () => {
  it('holds so much at once, tells the others when to try again, and has room when something has ended', async () => {
    const capacity = new Capacity(2, 'Too much is under way.', 7);
    const first = Promise.withResolvers<string>();
    const held = capacity.hold(() => first.promise);
    const giveBack = capacity.take();
    expect(() => capacity.take()).toThrow('Too much is under way.');
    await expect(capacity.hold(async () => {})).rejects.toMatchObject(BUSY);
    giveBack();
    await capacity.hold(async () => {});
    first.resolve('ended');
    expect(await held).toBe('ended');
    capacity.take();
    capacity.take();
    expect(() => capacity.take()).toThrow();
  });

  it('has room when work fails', async () => {
    const capacity = new Capacity(1, 'Too much is under way.', 7);
    await expect(capacity.hold(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(capacity.take()).toBeTypeOf('function');
  });
});
