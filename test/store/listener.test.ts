import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLog } from '../../src/log.ts';
import { CHANNELS, Listener } from '../../src/store/listener.ts';
import { linkTo } from '../support/database-link.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

let opened: TestStore;

beforeEach(async () => {
  opened = await openTestStore();
});

afterEach(() => opened[Symbol.asyncDispose]());

it('a listener that loses its connection again while it begins to listen has one connection in the end, and hears each notification once', async () => {
  const link = await linkTo(opened.url);
  await using listener = new Listener(link.url, silentLog);
  await listener.open();
  let woken = 0;
  const reconnected = Promise.withResolvers<void>();
  listener.on(CHANNELS.jobs, () => {
    woken += 1;
    reconnected.resolve();
  });
  // First the connection that listens, then the next one: behind its greeting (1) at the answer to the first LISTEN (2).
  let answers = 0;
  let cuts = 0;
  link.onAnswer = (number, { client, server }) => {
    if (number !== undefined) answers += 1;
    if (cuts === 3 || number === undefined || answers % 2 === 1) return 'pass';
    cuts += 1;
    client.resetAndDestroy();
    server.destroy();
    return 'drop';
  };
  link.cutAll();
  await reconnected.promise;
  expect(cuts).toBe(3);
  woken = 0;
  const heard = Promise.withResolvers<void>();
  listener.on(CHANNELS.transfers, () => heard.resolve());
  await opened.store.prisma.$executeRaw`SELECT pg_notify('cxr_jobs', '')`;
  await opened.store.prisma.$executeRaw`SELECT pg_notify('cxr_transfers', '')`;
  await heard.promise;
  expect(woken).toBe(1);
  // The store has another listener.
  const [row] = await opened.store.prisma.$queryRaw<{ readonly count: number }[]>`
    SELECT count(*)::integer AS "count" FROM pg_stat_activity
    WHERE application_name = 'cxr-gateway listener' AND datname = current_database()`;
  expect(row?.count).toBe(2);
});
