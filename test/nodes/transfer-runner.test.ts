/** The runner on a real store; what a transfer does is the test's. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { TransferRunner, type TransferRunnerOptions } from '../../src/nodes/transfer-runner.ts';
import type { TransferTally } from '../../src/nodes/transfer-tally.ts';
import type { ClaimedTransfer } from '../../src/store/dicom-transfers.ts';
import type { Store } from '../../src/store/store.ts';
import { BY_TEST, freshUid } from '../support/records.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

let opened: TestStore;
let store: Store;

beforeAll(async () => {
  opened = await openTestStore();
  store = opened.store;
});

afterAll(() => opened?.[Symbol.asyncDispose]());

beforeEach(async () => {
  await store.prisma.dicomTransfer.deleteMany();
});

const away = () => new GatewayError('DICOM_NODE_UNREACHABLE', 'The node is away.');
const refused = () => new GatewayError('DICOM_NODE_REFUSED', 'The node does not want it.');

type Perform = (claimed: ClaimedTransfer, tally: TransferTally, signal: AbortSignal) => Promise<void>;

/** A running runner whose settled transfers can be waited for. */
function run(perform: Perform, options: Partial<TransferRunnerOptions> = {}) {
  const runner = new TransferRunner({
    transfers: store.dicomTransfers,
    listener: store.listener,
    nodes: ['pacs'],
    perform,
    concurrency: 2,
    maxAttempts: 3,
    retryDelaySeconds: 0,
    log: silentLog,
    ...options,
  });
  runner.open();
  return runner;
}

async function request(): Promise<string> {
  const { transferId } = await store.dicomTransfers.request(
    {
      kind: 'RETRIEVE',
      node: 'pacs',
      studyInstanceUid: freshUid(),
    },
    BY_TEST,
  );
  return transferId;
}

/** The row once it has ended; the runner notifies nobody of that. */
async function ended(id: string) {
  for (;;) {
    const row = await store.prisma.dicomTransfer.findUniqueOrThrow({ where: { id } });
    if (row.state === 'DONE' || row.state === 'FAILED') return row;
  }
}

describe('a transfer', () => {
  it('is done, with its counts', async () => {
    await using _runner = run(async (_claimed, tally) => {
      for (let film = 0; film < 3; film += 1) tally.settle(undefined);
    });
    expect(await ended(await request())).toMatchObject({
      state: 'DONE',
      attempts: 1,
      completed: 3,
      failed: 0,
      errorCode: null,
    });
  });

  it('is done with what a node would refuse again counted as failed', async () => {
    await using _runner = run(async (_claimed, tally) => {
      tally.settle(undefined);
      tally.settle(refused());
    });
    expect(await ended(await request())).toMatchObject({
      state: 'DONE',
      attempts: 1,
      completed: 1,
      failed: 1,
      errorCode: 'DICOM_NODE_REFUSED',
    });
  });

  it('of which nothing came has failed', async () => {
    await using _runner = run(async (_claimed, tally) => tally.settle(refused()));
    expect(await ended(await request())).toMatchObject({ state: 'FAILED', failed: 1, errorCode: 'DICOM_NODE_REFUSED' });
  });

  it('is tried again while its error may pass, and a later attempt may succeed', async () => {
    await using _runner = run(async ({ attempt }, tally) => {
      if (attempt < 3) throw away();
      tally.settle(undefined);
    });
    expect(await ended(await request())).toMatchObject({ state: 'DONE', attempts: 3, completed: 1, errorCode: null });
  });

  it('is tried again for a film that may succeed later, and keeps what came when it does not', async () => {
    await using _runner = run(async (_claimed, tally) => {
      tally.settle(undefined);
      tally.settle(away());
    });
    expect(await ended(await request())).toMatchObject({
      state: 'DONE',
      attempts: 3,
      completed: 1,
      failed: 1,
      errorCode: 'DICOM_NODE_UNREACHABLE',
    });
  });

  it('runs out of attempts', async () => {
    await using _runner = run(() => Promise.reject(away()));
    expect(await ended(await request())).toMatchObject({
      state: 'FAILED',
      attempts: 3,
      errorCode: 'DICOM_NODE_UNREACHABLE',
    });
  });

  it('tells of each attempt how it ended, once', async () => {
    const told: (string | undefined)[][] = [];
    const onAttempt: TransferRunnerOptions['onAttempt'] = ({ claimed, tally, outcome, code }) =>
      told.push([`${claimed.attempt}`, outcome, code, `${tally.completed}/${tally.failed}`]);
    const perform: Perform = async ({ attempt }, tally) => {
      if (attempt === 1) throw away();
      tally.settle(undefined);
      tally.settle(attempt === 2 ? away() : refused());
    };
    {
      await using _runner = run(perform, { onAttempt });
      await ended(await request());
    }
    {
      await using _runner = run(() => Promise.reject(refused()), { onAttempt });
      await ended(await request());
    }
    expect(told).toEqual([
      ['1', 'RETRIED', 'DICOM_NODE_UNREACHABLE', '0/0'],
      ['2', 'RETRIED', 'DICOM_NODE_UNREACHABLE', '1/1'],
      ['3', 'DONE', 'DICOM_NODE_REFUSED', '1/1'],
      ['1', 'FAILED', 'DICOM_NODE_REFUSED', '0/0'],
    ]);
  });

  it('is not tried again when that would not help', async () => {
    await using _runner = run(() => Promise.reject(refused()));
    expect(await ended(await request())).toMatchObject({ state: 'FAILED', attempts: 1 });
  });

  it('fails as INTERNAL when something unexpected goes wrong each time', async () => {
    await using _runner = run(() => Promise.reject(new TypeError('a slip')));
    const row = await ended(await request());
    expect(row).toMatchObject({ state: 'FAILED', errorCode: 'INTERNAL' });
    expect(row.errorMessage).not.toContain('slip');
  });

  it('whose processes died each time fails with ATTEMPTS_EXHAUSTED', async () => {
    const id = await request();
    await store.prisma.dicomTransfer.update({ where: { id }, data: { attempts: 3 } });
    await using _runner = run(() => Promise.reject(new Error('not to be run')));
    expect(await ended(id)).toMatchObject({ state: 'FAILED', errorCode: 'ATTEMPTS_EXHAUSTED' });
  });
});

describe('the runner', () => {
  it('runs no more at once than it may, and all of them in the end', async () => {
    let running = 0;
    let most = 0;
    await using _runner = run(async (_claimed, tally) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      tally.settle(undefined);
    });
    const ids = await Promise.all(Array.from({ length: 7 }, request));
    for (const id of ids) expect((await ended(id)).state).toBe('DONE');
    expect(most).toBe(2);
  });

  it('gives back at shutdown what it could not finish, without counting the attempt', async () => {
    const started = Promise.withResolvers<void>();
    const runner = run((_claimed, _tally, signal) => {
      started.resolve();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(away())));
    });
    const id = await request();
    await started.promise;
    await runner[Symbol.asyncDispose]();
    const row = await store.prisma.dicomTransfer.findUniqueOrThrow({ where: { id } });
    expect(row).toMatchObject({ state: 'QUEUED', attempts: 0 });
    await using _next = run(async (_claimed, tally) => tally.settle(undefined));
    expect(await ended(id)).toMatchObject({ state: 'DONE', attempts: 1 });
  });

  it('drains: what runs ends, nothing new begins', async () => {
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    await using runner = run(
      async (_claimed, tally) => {
        started.resolve();
        await finish.promise;
        tally.settle(undefined);
      },
      { concurrency: 1 },
    );
    const [first, second] = [await request(), await request()];
    await started.promise;
    runner.pause();
    finish.resolve();
    await runner.drained();
    expect((await ended(first)).state).toBe('DONE');
    expect((await store.prisma.dicomTransfer.findUniqueOrThrow({ where: { id: second } })).state).toBe('QUEUED');
  });

  it('stops working on what another process has taken over', async () => {
    const stopped = Promise.withResolvers<unknown>();
    const started = Promise.withResolvers<void>();
    await using _runner = run(
      (_claimed, _tally, signal) => {
        started.resolve();
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            stopped.resolve(signal.reason);
            reject(away());
          }),
        );
      },
      { concurrency: 1 },
    );
    const id = await request();
    await started.promise;
    await store.prisma.dicomTransfer.update({ where: { id }, data: { attempts: 2 } });
    expect(await stopped.promise).toMatch(/taken the transfer over/);
    expect(await store.prisma.dicomTransfer.findUniqueOrThrow({ where: { id } })).toMatchObject({
      state: 'RUNNING',
      attempts: 2,
      errorCode: null,
    });
  });
});
