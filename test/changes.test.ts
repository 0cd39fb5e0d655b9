import { getEventListeners } from 'node:events';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ChangeEvent, ChangeFeed } from '../src/changes.ts';
import { silentLog } from '../src/log.ts';
import { appendChanges } from '../src/store/change-log.ts';
import { UNRESTRICTED } from '../src/store/reads/scope.ts';
import type { Store } from '../src/store/store.ts';
import { openTestStore, type TestStore } from './support/store.ts';

const UNHURRIED = { maxLag: 1000, stallMs: 60_000, maxConnections: 10 };

let database: TestStore;
let feeds: ChangeFeed[];

async function openFeed(store: Store, limits = UNHURRIED): Promise<ChangeFeed> {
  const feed = new ChangeFeed({
    changes: store.changes,
    listener: store.listener,
    limits,
    retentionDays: 30,
    log: silentLog,
  });
  await feed.open();
  feeds.push(feed);
  return feed;
}

/** Appends one change in its own transaction. */
async function append(store: Store, count = 1): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await store.prisma.$transaction((tx) => appendChanges(tx, [{ type: 'INSTANCE_STORED' }]));
  }
}

async function take(events: AsyncGenerator<ChangeEvent>, count: number): Promise<ChangeEvent[]> {
  const taken: ChangeEvent[] = [];
  while (taken.length < count) {
    const next = await events.next();
    if (next.done) throw new Error(`the feed ended after ${taken.length} of ${count} events`);
    taken.push(next.value);
  }
  return taken;
}

const positions = (events: readonly ChangeEvent[]) => events.map((event) => Number(event.position));

beforeEach(async () => {
  database = await openTestStore();
  feeds = [];
});

afterEach(async () => {
  for (const feed of feeds) await feed[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

describe('the change feed', () => {
  it('delivers live changes in order without gaps', async () => {
    const feed = await openFeed(database.store);
    const events = feed.subscribe({});
    const taken = take(events, 20);
    await feed.currentCursor();
    await append(database.store, 20);
    expect(positions(await taken)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    await events.return();
  });

  it('loses nothing to a reader that has passed a transaction which commits late', async () => {
    const feed = await openFeed(database.store);
    const events = feed.subscribe({ after: await feed.currentCursor() });
    const late = new pg.Client({ connectionString: database.url });
    await late.connect();
    // The late transaction takes its row id first and commits last.
    await late.query('BEGIN');
    const { rows } = await late.query(`INSERT INTO "Change" ("type") VALUES ('INFERENCE_DONE') RETURNING "id"`);
    await append(database.store, 3);
    const before = await take(events, 3);
    expect(before.map((event) => event.type)).toEqual(Array(3).fill('INSTANCE_STORED'));
    const row = await database.store.prisma.change.findFirst({ where: { position: before[0]?.position ?? 0n } });
    expect(BigInt(rows[0].id)).toBeLessThan(row?.id ?? 0n);
    await late.query('COMMIT');
    await late.end();
    await append(database.store);
    const after = await take(events, 2);
    expect(after.map((event) => event.type)).toEqual(['INFERENCE_DONE', 'INSTANCE_STORED']);
    expect(positions([...before, ...after])).toEqual([1, 2, 3, 4, 5]);
    await events.return();
  });

  it('leaves no gap where a transaction rolls back', async () => {
    const feed = await openFeed(database.store);
    await append(database.store);
    await expect(
      database.store.prisma.$transaction(async (tx) => {
        await appendChanges(tx, [{ type: 'INSTANCE_STORED' }]);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await append(database.store);
    expect(positions(await feed.page(null, 10, UNRESTRICTED))).toEqual([1, 2]);
  });

  it('gives the same order to every process while many of them write at once', async () => {
    const other = await database.another();
    const [here, there] = [await openFeed(database.store), await openFeed(other)];
    const subscriptions = [
      here.subscribe({ after: await here.currentCursor() }),
      there.subscribe({ after: await there.currentCursor() }),
    ];
    const taken = Promise.all(subscriptions.map((events) => take(events, 80)));
    await Promise.all([database.store, other, database.store, other].map((store) => append(store, 20)));
    const [first, second] = await taken;
    expect(positions(first ?? [])).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
    expect(second).toEqual(first);
    for (const events of subscriptions) await events.return();
  });

  it('resumes after a cursor on another process: what was missed in order, once, then live', async () => {
    const here = await openFeed(database.store);
    await append(database.store, 2);
    const [, second] = await here.page(null, 10, UNRESTRICTED);
    await append(database.store, 3);
    const there = await openFeed(await database.another());
    const events = there.subscribe({ after: second?.cursor ?? '' });
    expect(positions(await take(events, 3))).toEqual([3, 4, 5]);
    const live = take(events, 1);
    await append(database.store);
    expect(positions(await live)).toEqual([6]);
    await events.return();
  });

  it('refuses a cursor that retention has passed, one of another database, and what is none', async () => {
    const feed = await openFeed(database.store);
    await append(database.store, 3);
    const [first] = await feed.page(null, 10, UNRESTRICTED);
    await database.store.prisma.change.updateMany({
      where: { position: { lte: 2n } },
      data: { createdAt: new Date(0) },
    });
    expect(await database.store.changes.trim(30)).toBe(2);
    const resume = (after: string) => feed.subscribe({ after }).next();
    await expect(resume(first?.cursor ?? '')).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    const foreign = Buffer.from('00000000-0000-7000-8000-000000000000:3').toString('base64url');
    await expect(resume(foreign)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
    await expect(resume('nonsense')).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
    expect(positions(await feed.page(null, 10, UNRESTRICTED))).toEqual([3]);
  });

  it('tells a subscriber that takes too long over an event, with the cursor to resume from', async () => {
    const feed = await openFeed(database.store, { ...UNHURRIED, stallMs: 20 });
    const events = feed.subscribe({ after: await feed.currentCursor() });
    await append(database.store, 2);
    const [first] = await take(events, 1);
    const slow = performance.now();
    while (performance.now() - slow < 30); // the subscriber is busy with its event
    await expect(events.next()).rejects.toMatchObject({
      code: 'SUBSCRIBER_TOO_SLOW',
      details: { lastCursor: first?.cursor },
    });
  });

  it('tells a subscriber that has fallen too far behind the live end', async () => {
    const feed = await openFeed(database.store, { ...UNHURRIED, maxLag: 10 });
    const events = feed.subscribe({});
    const live = take(events, 1);
    await feed.currentCursor();
    await append(database.store);
    await live;
    await append(database.store, 12);
    await feed.currentCursor();
    await expect(events.next()).rejects.toMatchObject({ code: 'SUBSCRIBER_TOO_SLOW' });
  });

  it('ends at once when the subscriber leaves while nothing happens', async () => {
    const feed = await openFeed(database.store);
    const events = feed.subscribe({});
    const waiting = events.next();
    await feed.currentCursor();
    await events.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it('keeps nothing of the changes that a subscriber has waited for', async () => {
    const added = vi.spyOn(EventTarget.prototype, 'addEventListener');
    const feed = await openFeed(database.store);
    const after = await feed.currentCursor();
    const events = feed.subscribe({ after });
    for (let change = 0; change < 20; change += 1) {
      const next = take(events, 1);
      await feed.currentCursor();
      await append(database.store);
      await next;
    }
    const signals = new Set(added.mock.contexts.filter((target) => target instanceof AbortSignal));
    added.mockRestore();
    expect(signals.size).toBeGreaterThan(0);
    for (const signal of signals) expect(getEventListeners(signal, 'abort').length).toBeLessThan(5);
    await events.return();
  });

  it('is woken again after its connection was cut', async () => {
    const feed = await openFeed(database.store);
    const events = feed.subscribe({ after: await feed.currentCursor() });
    const taken = take(events, 1);
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cxr-gateway listener' AND datname = current_database()`,
    );
    await admin.end();
    await append(database.store);
    expect(positions(await taken)).toEqual([1]);
    await events.return();
  });
});
