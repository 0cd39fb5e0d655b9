/** The door in a whole gateway: what success means, and what failure leaves behind. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makePhantom, type PhantomOptions, phantomUid } from '../../src/dicom/phantom.ts';
import { createClient } from '../../src/store/client.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { stow, subscribe } from '../support/client.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { createDatabase } from '../support/postgres.ts';
import { call, dataSetOf, EXPLICIT, echo, store } from '../support/scu.ts';

let gateway: TestApp;
let blobs: string;
let seed = 61_000;

beforeAll(async () => {
  blobs = await mkdtemp(join(tmpdir(), 'cxr-gateway-dimse-'));
  gateway = await startTestApp({ DIMSE_UNKNOWN_CALLERS: 'accept', BLOB_DIR: blobs });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(blobs, { recursive: true, force: true });
});

const port = () => gateway.dimse?.port ?? 0;

/** A phantom and what C-STORE needs of it. */
function phantom(options: Partial<PhantomOptions> = {}) {
  seed += 1;
  const file = makePhantom({ seed, rows: 256, columns: 256, ...options });
  return { file, dataSet: dataSetOf(file), sopInstanceUid: phantomUid(`instance ${seed}`) };
}

const find = (sopInstanceUid: string) => gateway.app.store.prisma.instance.findUnique({ where: { sopInstanceUid } });

describe('a film by C-STORE', () => {
  it('is recorded with its caller by the time success is answered, and its findings are pushed', async () => {
    const film = phantom();
    await using events = await subscribe<{
      findingsCompleted: { inference: { instance: { sopInstanceUid: string } } };
    }>(
      gateway.url,
      'subscription($after: String) { findingsCompleted(after: $after) { inference { instance { sopInstanceUid } } } }',
    );
    const association = await call({ port: port(), callingAeTitle: 'ROOM_3' });
    expect((await store(association, film)).status).toBe(0);
    expect(await find(film.sopInstanceUid)).toMatchObject({ callingAeTitle: 'ROOM_3', transferSyntaxUid: EXPLICIT });
    await association.release();
    const { findingsCompleted } = await events.next();
    expect(findingsCompleted.inference.instance.sopInstanceUid).toBe(film.sopInstanceUid);
  });

  it('lies on disk byte for byte, whatever the length of the PDUs', async () => {
    for (const maxPduBytes of [4096, 131_072]) {
      const small = await gateway.another({ DIMSE_MAX_PDU_BYTES: String(maxPduBytes) });
      const film = phantom({ rows: 1500, columns: 1500 });
      const association = await call({ port: small.dimse?.port ?? 0 });
      expect((await store(association, film)).status).toBe(0);
      const stored = await readFile(join(blobs, (await find(film.sopInstanceUid))?.blobKey ?? ''));
      expect(Buffer.compare(dataSetOf(stored), film.dataSet)).toBe(0);
    }
  });

  it('of a study that is stored under another patient is refused, and leaves no file', async () => {
    const film = phantom();
    const association = await call({ port: port() });
    expect((await store(association, film)).status).toBe(0);
    const study = (await find(film.sopInstanceUid).series().study())?.studyInstanceUid ?? '';
    const files = () => readdir(blobs, { recursive: true });
    const before = await files();
    const foreign = phantom({ elements: { '0020000d': ['UI', study] } });
    const answer = await store(association, foreign);
    expect(answer).toMatchObject({ status: 0xa900, errorComment: expect.stringMatching(/^RECORD_CONFLICT/) });
    expect(await files()).toEqual(before);
    expect((await store(association, film)).status).toBe(0);
    await association.release();
  });

  it('again is the same film, by whatever door and whoever sends it', async () => {
    const film = phantom();
    expect((await stow(gateway.url, [film.file])).status).toBe(200);
    const before = await find(film.sopInstanceUid);
    const byOthers = [call({ port: port(), callingAeTitle: 'A' }), call({ port: port(), callingAeTitle: 'B' })];
    const answers = await Promise.all(byOthers.map(async (association) => store(await association, film)));
    expect(answers.map(({ status }) => status)).toEqual([0, 0]);
    expect((await stow(gateway.url, [film.file])).status).toBe(200);
    expect(await find(film.sopInstanceUid)).toEqual(before);
  });

  it('by two doors at once is one film', async () => {
    const films = Array.from({ length: 8 }, () => phantom());
    const association = await call({ port: port() });
    for (const film of films) {
      const [answer, stowed] = await Promise.all([store(association, film), stow(gateway.url, [film.file])]);
      expect([answer.status, stowed.status]).toEqual([0, 200]);
    }
    const uids = films.map(({ sopInstanceUid }) => sopInstanceUid);
    const where = { instance: { sopInstanceUid: { in: uids } } };
    expect(await gateway.app.store.prisma.inference.count({ where })).toBe(films.length);
  });

  it('again gets back its file that was lost', async () => {
    const film = phantom();
    const association = await call({ port: port() });
    await store(association, film);
    const stored = await find(film.sopInstanceUid);
    const path = join(blobs, stored?.blobKey ?? '');
    const before = await readFile(path);
    await rm(path);
    expect((await store(association, film)).status).toBe(0);
    expect((await readFile(path)).equals(before)).toBe(true);
    expect(await find(film.sopInstanceUid)).toEqual(stored);
  });

  it('with other content under the same UID is refused, and nothing is overwritten', async () => {
    const film = phantom();
    const association = await call({ port: port() });
    await store(association, film);
    const before = await find(film.sopInstanceUid);
    const forged = makePhantom({ seed, rows: 256, columns: 256, elements: { '00100010': ['PN', 'SOMEBODY^ELSE'] } });
    const answer = await store(association, { ...film, dataSet: dataSetOf(forged) });
    expect(answer).toMatchObject({ status: 0x0111, errorComment: expect.stringMatching(/^INSTANCE_CONFLICT: /) });
    expect(await find(film.sopInstanceUid)).toEqual(before);
  });

  it.each([
    ['announced under another UID', { sopInstanceUid: '1.2.3.4' }, 0xa900],
    ['that is broken', { dataSet: Buffer.alloc(1000, 0xee) }, 0xc000],
    ['without a byte', { dataSet: Buffer.alloc(0) }, 0xc000],
  ])('%s is refused and leaves nothing', async (_name, difference, status) => {
    const film = { ...phantom(), ...difference };
    const association = await call({ port: port() });
    expect((await store(association, film)).status).toBe(status);
    expect(await find(film.sopInstanceUid)).toBeNull();
    expect(await echo(association)).toBe(0);
    expect(await readdir(join(blobs, 'incoming'))).toEqual([]);
  });

  it('whose sender dies within it leaves nothing', async () => {
    const film = phantom({ rows: 1024, columns: 1024 });
    const association = await call({ port: port() });
    async function* half() {
      for (let start = 0; start < film.dataSet.length / 2; start += 65_536) {
        yield film.dataSet.subarray(start, start + 65_536);
      }
      throw new Error('the sender dies');
    }
    await expect(store(association, { ...film, dataSet: half() })).rejects.toThrow('the sender dies');
    const other = await call({ port: port() });
    // What was being written is gone once the loss has been noticed.
    while ((await readdir(join(blobs, 'incoming'))).length > 0) expect(await echo(other)).toBe(0);
    expect(await find(film.sopInstanceUid)).toBeNull();
  });

  it('is refused before it is read when the disk is nearly full, while echoes are still answered', async () => {
    const full = await gateway.another({ MIN_FREE_DISK_BYTES: String(2 ** 40) });
    const association = await call({ port: full.dimse?.port ?? 0 });
    const answer = await store(association, phantom());
    expect(answer).toMatchObject({ status: 0xa700, errorComment: expect.stringMatching(/^STORAGE_FULL: /) });
    expect(await echo(association)).toBe(0);
  });

  it('is counted, and the door is part of readiness', async () => {
    const association = await call({ port: port() });
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/cxr_gateway_films_total\{door="C_STORE",outcome="stored"\} [1-9]/);
    expect(metrics).toMatch(/cxr_gateway_dicom_association_requests_total\{outcome="accepted"\} [1-9]/);
    expect(metrics).toMatch(/cxr_gateway_dicom_associations [1-9]/);
    await association.release();
    const readiness = (await (await fetch(`${gateway.url}/readyz`)).json()) as { checks: { name: string }[] };
    expect(readiness.checks.map(({ name }) => name)).toContain('dimse');
  });
});

describe('roles', () => {
  it('a worker has no door', async () => {
    expect((await gateway.another({ ROLE: 'worker' })).dimse).toBeUndefined();
  });

  it('nor has a gateway whose door is off', async () => {
    expect((await gateway.another({ DIMSE_ENABLED: 'off' })).dimse).toBeUndefined();
  });
});

describe('a process that is killed', () => {
  /** Stores films one after another until the gateway is gone; returns what was answered by success. */
  async function storeUntilGone(process: GatewayProcess): Promise<string[]> {
    const stored: string[] = [];
    const association = await call({ port: Number(process.dicomUrl?.split(':').at(-1)) });
    for (;;) {
      const film = phantom();
      const answer = await store(association, film).catch(() => undefined);
      if (answer?.status !== 0) return stored;
      stored.push(film.sopInstanceUid);
    }
  }

  it('has recorded every film that it answered by success', async () => {
    await using database = await createDatabase(inject('databaseUrl'));
    const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-dimse-kill-'));
    const settings = { DATABASE_URL: database.url, DATA_DIR: folder, ROLE: 'api', DIMSE_UNKNOWN_CALLERS: 'accept' };
    const process = await startGatewayProcess({ ...settings, LOG_LEVEL: 'info' });
    const prisma = createClient({ url: database.url, poolSize: 2 });
    try {
      const senders = [storeUntilGone(process), storeUntilGone(process), storeUntilGone(process)];
      while ((await prisma.instance.count()) < 20);
      await process.end('SIGKILL');
      const stored = (await Promise.all(senders)).flat();
      expect(stored.length).toBeGreaterThan(10);
      const found = await prisma.instance.findMany({
        where: { sopInstanceUid: { in: stored } },
        select: { blobKey: true },
      });
      expect(found).toHaveLength(stored.length);
      const files = await readdir(join(folder, 'blobs'), { recursive: true });
      for (const { blobKey } of found) expect(files).toContain(blobKey);
    } finally {
      await prisma.$disconnect();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
