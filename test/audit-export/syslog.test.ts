import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SyslogExport, type SyslogExportTimes } from '../../src/audit-export/syslog-export.ts';
import { GatewayError } from '../../src/errors.ts';
import { type Log, silentLog } from '../../src/log.ts';
import { systemActor } from '../../src/store/audit/audit-entry.ts';
import type { Store } from '../../src/store/store.ts';
import { type AuditSchemas, loadAuditSchemas } from '../support/audit-schemas.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../support/certificate.ts';
import { openTestStore, type TestStore } from '../support/store.ts';
import { type Collector, type CollectorOptions, type ReceivedMessage, startCollector } from './collector.ts';

const TIMES: Partial<SyslogExportTimes> = {
  look: 20,
  quiet: 60,
  unconfirmed: 5000,
  connect: 2000,
  stall: 2000,
  settle: 20,
  firstDelay: 20,
  longestDelay: 50,
};

let folder: string;
let server: Certificate;
let client: Certificate;
let schemas: AuditSchemas;
let opened: TestStore;
let store: Store;
const closing: AsyncDisposable[] = [];

/** Records so many reads; the chain then has that many more positions. */
async function recordReads(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    await store.audit.record(systemActor('query study'), [{ action: 'READ', details: { text: 'x & y <山田>' } }]);
  }
}

const collect = async (options: CollectorOptions = {}): Promise<Collector> => {
  const collector = await startCollector(server, options);
  closing.push(collector);
  return collector;
};

interface SenderOptions {
  readonly from?: Store;
  readonly ca?: string;
  readonly client?: Certificate;
  readonly log?: Log;
  readonly times?: Partial<SyslogExportTimes>;
}

async function send(port: number, options: SenderOptions = {}): Promise<SyslogExport> {
  const sender = new SyslogExport({
    exports: (options.from ?? store).auditExports,
    collector: {
      host: '127.0.0.1',
      port,
      caFile: options.ca ?? server.cert,
      certFile: options.client?.cert,
      keyFile: options.client?.key,
    },
    source: { id: 'gateway.example', aeTitle: 'CXRGATEWAY' },
    log: options.log ?? silentLog,
    times: { ...TIMES, ...options.times },
  });
  await sender.open();
  closing.push(sender);
  return sender;
}

/** A log that resolves at the first warning of an interruption, with its reason. */
function firstInterruption(): { readonly log: Log; readonly reason: Promise<string> } {
  const { promise, resolve } = Promise.withResolvers<string>();
  const noticed: Log['warn'] = (event, fields) => {
    if (event === 'audit-export.interrupted') resolve(fields?.reason ?? '');
  };
  return { log: { ...silentLog, warn: noticed, error: noticed }, reason: promise };
}

const positionsOf = (messages: readonly ReceivedMessage[]) => messages.map(({ position }) => position);
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
const has = (position: number) => (messages: readonly ReceivedMessage[]) =>
  messages.some((message) => message.position === position);

/** In order within a connection, and after each one no further back than what was confirmed: never a record left out. */
function expectEach(positions: readonly number[], last: number): void {
  expect([...new Set(positions)]).toEqual(upTo(last));
}

/** Resolves when everything is confirmed. */
async function confirmed(position: number): Promise<void> {
  await expect
    .poll(() => store.auditExports.position('syslog'), { interval: 10, timeout: 5000 })
    .toBe(BigInt(position));
}

describe.skipIf(!hasOpenssl)('the export by syslog over TLS (needs openssl)', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-syslog-'));
    [server, client] = [await makeCertificate(folder, 'collector'), await makeCertificate(folder, 'gateway')];
    schemas = await loadAuditSchemas();
  });
  afterAll(async () => {
    schemas[Symbol.dispose]();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    opened = await openTestStore();
    store = opened.store;
  });
  afterEach(async () => {
    for (const one of closing.splice(0).reverse()) await one[Symbol.asyncDispose]();
    await opened[Symbol.asyncDispose]();
  });

  it('sends every record once, in order, as valid messages with the header of PS3.15 A.6', async () => {
    await recordReads(30);
    await store.audit.record(systemActor('query study'), [
      { action: 'READ', outcome: 'DENIED', errorCode: 'FORBIDDEN' },
    ]);
    const collector = await collect();
    const sender = await send(collector.port);
    await collector.until(has(31));
    await recordReads(3);
    await collector.until(has(34));
    expect(positionsOf(collector.messages)).toEqual(upTo(34));
    for (const { xml, header, position } of collector.messages) {
      schemas.validateDicom(xml);
      const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
      const priority = position === 31 ? 84 : 85;
      expect(header).toMatch(new RegExp(`^<${priority}>1 ${time} \\S+ cxr-gateway ${process.pid} DICOM\\+RFC3881 -$`));
    }
    await confirmed(34);
    expect(await sender.state()).toEqual({ sends: true, problem: undefined, lag: 0 });
  });

  it('goes on where a stopped sender was, in another process as well', async () => {
    await recordReads(10);
    const collector = await collect();
    const first = await send(collector.port);
    await collector.until(has(10));
    await confirmed(10);
    await first[Symbol.asyncDispose]();
    await recordReads(10);
    await send(collector.port, { from: await opened.another() });
    await collector.until(has(20));
    expect(positionsOf(collector.messages)).toEqual(upTo(20));
  });

  it('loses nothing when the collector goes away in the middle and comes back later', async () => {
    await recordReads(50);
    const broken = await collect({ cutAfter: 20 });
    const { log, reason } = firstInterruption();
    const sender = await send(broken.port, { log });
    await reason;
    await broken[Symbol.asyncDispose]();
    await recordReads(10);
    expect(await store.auditExports.position('syslog')).toBe(0n);
    expect((await sender.state()).lag).toBe(60);
    const back = await collect({ port: broken.port });
    await back.until(has(60));
    // What the first one had was not confirmed, so all of it comes again: at least once, in order.
    expectEach(positionsOf(back.messages), 60);
    await confirmed(60);
    expect((await sender.state()).problem).toBeUndefined();
  });

  it.each(['stopped', 'killed'])('loses nothing when sender and collector are %s again and again', async (how) => {
    // A collector in the test's own busy thread handles frames late.
    const settle = 400;
    const positions: number[] = [];
    let collector = await collect();
    const { port } = collector;
    for (let round = 1; round <= 6; round += 1) {
      const sender = await send(port, { times: { quiet: round % 2 === 0 ? 0 : 40, settle } });
      await recordReads(10);
      await collector.until((messages) => messages.length >= 3 + round);
      const end = () => (how === 'stopped' ? collector.stop() : collector[Symbol.asyncDispose]());
      if (round % 2 === 0) await end();
      await sender[Symbol.asyncDispose]();
      if (round % 2 === 1) await end();
      positions.push(...positionsOf(collector.messages));
      collector = await collect({ port });
    }
    await send(port);
    await confirmed(60);
    expectEach([...positions, ...positionsOf(collector.messages)], 60);
  });

  it('sends from one process at a time, and another takes over', async () => {
    await recordReads(5);
    const collector = await collect();
    const first = await send(collector.port);
    await confirmed(5);
    const second = await send(collector.port, { from: await opened.another() });
    await recordReads(5);
    await confirmed(10);
    expect([(await first.state()).sends, (await second.state()).sends]).toEqual([true, false]);
    await first[Symbol.asyncDispose]();
    await recordReads(5);
    await confirmed(15);
    expect((await second.state()).sends).toBe(true);
    expect(positionsOf(collector.messages)).toEqual(upTo(15));
  });

  it('sends nothing to a collector whose certificate another authority has signed', async () => {
    await recordReads(3);
    const collector = await collect();
    const { log, reason } = firstInterruption();
    const sender = await send(collector.port, { ca: client.cert, log });
    expect(await reason).toContain('not who it should be');
    expect(collector.messages).toEqual([]);
    expect((await sender.state()).problem).toMatch(/CERT|SIGNATURE/);
  });

  it('sends nothing to a collector whose certificate has another name', async () => {
    await recordReads(3);
    const other = await makeCertificate(folder, 'elsewhere', 'DNS:elsewhere.example');
    const collector = await startCollector(other);
    closing.push(collector);
    const { log, reason } = firstInterruption();
    await send(collector.port, { ca: other.cert, log });
    expect(await reason).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(collector.messages).toEqual([]);
  });

  it('shows its own certificate to a collector that asks for one', async () => {
    const { readFile } = await import('node:fs/promises');
    await recordReads(3);
    const collector = await collect({ requestCert: true, rejectUnauthorized: true, ca: await readFile(client.cert) });
    const { log, reason } = firstInterruption();
    const stranger = await send(collector.port, { log });
    await reason;
    expect(collector.messages).toEqual([]);
    await stranger[Symbol.asyncDispose]();
    await send(collector.port, { client });
    await collector.until(has(3));
    expect(collector.clients).toContain('gateway');
  });

  it('does not take silence for a confirmation', async () => {
    await recordReads(3);
    const collector = await collect({ neverCloses: true });
    const { log, reason } = firstInterruption();
    await send(collector.port, { log, times: { stall: 100 } });
    await collector.until(has(3));
    expect(await reason).toContain('has not confirmed');
    expect(await store.auditExports.position('syslog')).toBe(0n);
  });

  it('says at the start that a file cannot be read', async () => {
    const opening = send(1, { ca: join(folder, 'nowhere.pem') });
    await expect(opening).rejects.toThrow(GatewayError);
    await expect(opening).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
