import { expect, it } from 'vitest';
import { ShortCache } from '../../src/access/short-cache.ts';

it('remembers what was found, until it is cleared', async () => {
  const cache = new ShortCache<number>(60_000, 10);
  let looks = 0;
  const look = async () => {
    looks += 1;
    return looks;
  };
  expect([await cache.get('a', look), await cache.get('a', look), await cache.get('b', look)]).toEqual([1, 1, 2]);
  cache.clear();
  expect(await cache.get('a', look)).toBe(3);
});

it('does not remember what was looked up before it was cleared', async () => {
  const cache = new ShortCache<string>(60_000, 10);
  const { promise, resolve } = Promise.withResolvers<string>();
  const slow = cache.get('a', () => promise);
  cache.clear();
  resolve('old');
  expect(await slow).toBe('old');
  expect(await cache.get('a', async () => 'new')).toBe('new');
});

it('forgets after its time, and the oldest when there are too many', async () => {
  const brief = new ShortCache<number>(0, 10);
  expect([await brief.get('a', async () => 1), await brief.get('a', async () => 2)]).toEqual([1, 2]);
  const small = new ShortCache<number>(60_000, 2);
  for (const key of ['a', 'b', 'c']) await small.get(key, async () => 1);
  expect(await small.get('c', async () => 2)).toBe(1);
  expect(await small.get('a', async () => 2)).toBe(2);
});
