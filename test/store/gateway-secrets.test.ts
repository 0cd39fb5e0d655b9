import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { gatewaySecret } from '../../src/store/gateway-secrets.ts';
import { openTestStore } from '../support/store.ts';

test('processes that need a secret at once agree on one, and keep it', async () => {
  await using opened = await openTestStore();
  const stores = [opened.store, await opened.another(), await opened.another()];
  const made = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      gatewaySecret((stores[index % 3] ?? opened.store).prisma, 'pseudonyms', randomUUID),
    ),
  );
  expect(new Set(made).size).toBe(1);
  expect(await gatewaySecret(opened.store.prisma, 'pseudonyms', randomUUID)).toBe(made[0]);
  expect(await gatewaySecret(opened.store.prisma, 'another', randomUUID)).not.toBe(made[0]);
});
