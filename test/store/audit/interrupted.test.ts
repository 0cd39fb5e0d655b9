/** A connection of the audit that breaks, or falls silent, in the middle of a write. */
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/log.ts';
import { AuditLog } from '../../../src/store/audit/audit-log.ts';
import { auditRows } from '../../../src/store/audit/audit-row.ts';
import { ChainWriter } from '../../../src/store/audit/chain-writer.ts';
import { linkTo } from '../../support/database-link.ts';
import { type Chain, openChain, READER, readEntry } from './support.ts';

let chain: Chain;

beforeEach(async () => {
  chain = await openChain(0);
});

afterEach(() => chain[Symbol.asyncDispose]());

const row = () => auditRows(READER, [readEntry()], new Date());

describe('a connection that is cut', () => {
  // Of the first write: 1 is the connection itself, 2 the head and the ids, 3 the rows, 4 the commit; 5 is that of the second.
  it.each([
    ['after the head was locked', 2, false],
    ['after the rows were written', 3, false],
    ['after the commit, before its answer', 4, true],
    ['before the answer to the single statement', 5, true],
  ])('%s fails its write alone and leaves a whole chain', async (_when, cutAt, written) => {
    const link = await linkTo(chain.url);
    link.onAnswer = (number, { client, server }) => {
      if (number !== cutAt) return 'pass';
      client.resetAndDestroy();
      server.destroy();
      return 'drop';
    };
    await using writer = new ChainWriter(link.url);
    if (cutAt === 5) await writer.write(row());
    const before = (await chain.verify()).rows;
    await expect(writer.write(row())).rejects.toThrow();
    await writer.write(row());
    await writer.write(row());
    expect(await chain.verify()).toMatchObject({ rows: before + 2 + Number(written), findings: [] });
  });

  it.each(['between two statements', 'in the middle of a statement'])('%s does not end the process', async (when) => {
    const link = await linkTo(chain.url);
    await using writer = new ChainWriter(link.url);
    // The end of a transaction that has been idle for too long comes as an error that no statement waits for.
    const cut = () =>
      chain.store.prisma
        .$queryRaw`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cxr-gateway audit' AND datname = current_database() AND query LIKE '%generate_series%'`;
    link.onAnswer = (number, { client, server }) => {
      if (number !== 2) return 'pass';
      if (when === 'between two statements') void cut();
      else {
        client.write(Buffer.from([0x44, 0, 0]));
        client.resetAndDestroy();
        server.destroy();
      }
      return when === 'between two statements' ? 'pass' : 'drop';
    };
    const outcome = writer.write(row()).then(
      () => 'written',
      () => 'failed',
    );
    expect(['written', 'failed']).toContain(await outcome);
    link.onAnswer = () => 'pass';
    await writer.write(row());
    expect((await chain.verify()).findings).toEqual([]);
  });
});

describe('a database that says nothing more', () => {
  it('fails what waits, and what comes later goes by another connection', async () => {
    const link = await linkTo(chain.url);
    await using log = new AuditLog({
      ...{ url: link.url, listener: chain.store.listener, log: silentLog },
      timeoutMs: 300,
      statementTimeoutMs: 500,
    });
    await log.record(READER, [readEntry()]);
    let silent: Socket | undefined;
    link.onAnswer = (_number, { client }) => {
      silent ??= client;
      return client === silent ? 'drop' : 'pass';
    };
    await expect(log.record(READER, [readEntry()])).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await expect
      .poll(
        () =>
          log.record(READER, [readEntry()]).then(
            () => 'written',
            () => 'refused',
          ),
        { timeout: 20_000 },
      )
      .toBe('written');
    expect((await chain.verify()).findings).toEqual([]);
  });
});
