/** What was acknowledged is never lost: processes that end, are killed, or lose their worker threads. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { makePhantom, phantomUid } from '../src/dicom/phantom.ts';
import { createClient } from '../src/store/client.ts';
import { startTestApp } from './support/app.ts';
import { graphql, stow } from './support/client.ts';
import { type GatewayProcess, runCommand, startGatewayProcess } from './support/gateway-process.ts';
import { createDatabase } from './support/postgres.ts';

interface Machine extends AsyncDisposable {
  readonly settings: Record<string, string>;
  /** Resolves when every film has ended as findings; throws when one has ended otherwise. */
  allDone(uids: readonly string[]): Promise<void>;
}

let machine: Machine;
let seed = 50_000;

async function prepareMachine(): Promise<Machine> {
  const database = await createDatabase(inject('databaseUrl'));
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-durability-'));
  const prisma = createClient({ url: database.url, poolSize: 2 });
  return {
    settings: { DATABASE_URL: database.url, DATA_DIR: folder, INFERENCE_THREADS: '2', LOG_LEVEL: 'info' },
    allDone: async (uids) => {
      for (;;) {
        const inferences = await prisma.inference.findMany({
          where: { instance: { sopInstanceUid: { in: [...uids] } } },
          select: { state: true, errorCode: true, _count: { select: { findings: true } } },
        });
        expect(inferences).toHaveLength(uids.length);
        const open = inferences.filter(({ state }) => state === 'QUEUED' || state === 'RUNNING');
        if (open.length === 0) {
          for (const inference of inferences)
            expect(inference).toMatchObject({ state: 'DONE', _count: { findings: 14 } });
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    [Symbol.asyncDispose]: async () => {
      await prisma.$disconnect();
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function phantom() {
  seed += 1;
  return { film: makePhantom({ seed, rows: 256, columns: 256 }), uid: phantomUid(`instance ${seed}`) };
}

/** Sends films one after the other until the gateway is gone; returns what was acknowledged. */
async function sendUntilGone(gateway: GatewayProcess): Promise<string[]> {
  const acknowledged: string[] = [];
  for (;;) {
    const { film, uid } = phantom();
    try {
      const answer = await stow(gateway.url, [film]);
      if (answer.status === 200) acknowledged.push(uid);
      else return acknowledged;
    } catch {
      return acknowledged;
    }
  }
}

beforeEach(async () => {
  machine = await prepareMachine();
});

afterEach(() => machine[Symbol.asyncDispose]());

describe('a process', () => {
  it('drains at SIGTERM and exits 0; whatever was acknowledged is read by it or by the next one', async () => {
    const films = Array.from({ length: 8 }, phantom);
    {
      await using gateway = await startGatewayProcess(machine.settings);
      const answers = await Promise.all(films.map(({ film }) => stow(gateway.url, [film])));
      expect(answers.map(({ status }) => status)).toEqual(films.map(() => 200));
      expect(await gateway.end('SIGTERM')).toBe(0);
    }
    await using _next = await startGatewayProcess(machine.settings);
    await machine.allDone(films.map(({ uid }) => uid));
  });

  it('killed at any moment loses nothing that it acknowledged', async () => {
    const acknowledged: string[] = [];
    for (const milliseconds of [60, 400, 900]) {
      await using gateway = await startGatewayProcess(machine.settings);
      const sending = [sendUntilGone(gateway), sendUntilGone(gateway)];
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await gateway.end('SIGKILL');
      acknowledged.push(...(await Promise.all(sending)).flat());
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    await using _next = await startGatewayProcess(machine.settings);
    await machine.allDone(acknowledged);
  });

  it('of role api takes films that workers read; what a killed worker held is taken over by another', async () => {
    await using api = await startGatewayProcess({ ...machine.settings, ROLE: 'api' });
    const uids: string[] = [];
    for (let film = 0; film < 40; film += 1) {
      const { film: bytes, uid } = phantom();
      expect((await stow(api.url, [bytes])).status).toBe(200);
      uids.push(uid);
    }
    {
      await using worker = await startGatewayProcess({ ...machine.settings, ROLE: 'worker' });
      await worker.end('SIGKILL');
    }
    await using _other = await startGatewayProcess({ ...machine.settings, ROLE: 'worker' });
    await machine.allDone(uids);
  });
});

describe('a film that kills its worker thread', () => {
  it('is tried again, then failed with a code, and stops no other film', async () => {
    const workerFile = new URL('./support/poisonous-worker.ts', import.meta.url);
    const settings = { INFERENCE_RETRY_DELAY_SECONDS: '0', INFERENCE_MAX_ATTEMPTS: '3' };
    await using gateway = await startTestApp(settings, { workerFile });
    seed += 1;
    const poison = makePhantom({ seed, rows: 256, columns: 256, elements: { '00104000': ['LT', 'POISON'] } });
    const poisonUid = phantomUid(`instance ${seed}`);
    const others = Array.from({ length: 5 }, phantom);
    const answer = await stow(gateway.url, [poison, ...others.map(({ film }) => film)]);
    expect(answer.status).toBe(200);
    const query = `query($uid: DicomUID!) { instance(sopInstanceUid: $uid) { inferences { state attempts error { code } findings { id } } } }`;
    const settled = async (uid: string) => {
      for (;;) {
        const { instance } = await graphql<{ instance: { inferences: { state: string; findings: unknown[] }[] } }>(
          gateway.url,
          query,
          { uid },
        );
        const [inference] = instance.inferences;
        if (inference !== undefined && !['QUEUED', 'RUNNING'].includes(inference.state)) return inference;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    for (const { uid } of others) expect(await settled(uid)).toMatchObject({ state: 'DONE' });
    expect(await settled(poisonUid)).toMatchObject({
      state: 'FAILED',
      attempts: 3,
      error: { code: 'WORKER_CRASHED' },
      findings: [],
    });
  });
});

describe('the command line', () => {
  it('reports every wrong setting at once and ends with 1', async () => {
    const { code, stderr } = await runCommand(['serve'], {
      PORT: 'eighty',
      INFERENCE_THREADS: '0',
      DATABASE_URL: 'mysql://x',
    });
    expect(code).toBe(1);
    for (const name of ['PORT', 'INFERENCE_THREADS', 'DATABASE_URL']) expect(stderr).toContain(name);
  });

  it('demo makes a database, reads its phantoms and ends with 0; a server that a killed one left is adopted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-demo-'));
    await chmod(folder, 0o755); // as root PostgreSQL runs as another account, which must be able to enter
    try {
      {
        await using gateway = await startGatewayProcess({ DATA_DIR: folder });
        await gateway.end('SIGKILL');
      }
      const { code, stdout } = await runCommand(['demo', '--exit'], { DATA_DIR: folder });
      expect(stdout).toContain('MONOCHROME1');
      expect(stdout).toMatch(/Cardiomegaly\s+0\.\d{3}/);
      expect(stdout).toContain('INELIGIBLE');
      expect(code).toBe(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
