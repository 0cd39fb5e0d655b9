import { expect, test } from 'vitest';
import { BackgroundTasks } from '../src/background-tasks.ts';

test('the end comes after every task, also one that fails, and whoever is concerned is told why', async () => {
  const tasks = new BackgroundTasks();
  const [good, bad] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const told: unknown[] = [];
  let ended = false;
  tasks.add(good.promise, (error) => told.push(error));
  tasks.add(bad.promise, (error) => told.push(error));
  const end = tasks.ended().then(() => {
    ended = true;
  });
  good.resolve();
  await good.promise;
  expect(ended).toBe(false);
  const failure = new Error('failed');
  bad.reject(failure);
  await end;
  expect(told).toEqual([failure]);
});

test('nothing is waited for when nothing runs', async () => {
  await expect(new BackgroundTasks().ended()).resolves.toBeUndefined();
});
