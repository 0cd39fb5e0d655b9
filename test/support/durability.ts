/** What tests of durability share: a machine that outlives its gateways, senders that do not give up, and the proof at the end. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, inject, onTestFailed, onTestFinished } from 'vitest';
import type { Association } from '../../src/dicom/network/association.ts';
import { makePhantom, phantomUid } from '../../src/dicom/phantom.ts';
import { SeededRandom } from '../../src/inference/evaluate/random.ts';
import { createClient, type PrismaClient } from '../../src/store/client.ts';
import { freePort } from './peers/programs.ts';
import { createDatabase } from './postgres.ts';
import { call, dataSetOf, store } from './scu.ts';

/** CXR_DURABILITY_ROUNDS and CXR_DURABILITY_SEED run the same tests longer, and another way. */
export const ROUNDS = Number(process.env.CXR_DURABILITY_ROUNDS ?? 2);
const SEED = Number(process.env.CXR_DURABILITY_SEED ?? 20_250_711);

/** Moments that can be had again: the seed is printed when the test fails. */
export function randomMoments(): SeededRandom {
  onTestFailed(() => {
    process.stderr.write(`The random moments were those of CXR_DURABILITY_SEED=${SEED}.\n`);
  });
  return new SeededRandom(SEED);
}

/** Database, blobs and ports that stay while gateways come and go. */
export interface Machine {
  /** For gateways of this machine. */
  readonly settings: Record<string, string>;
  readonly folder: string;
  /** Of the DICOM door. */
  readonly port: number;
  readonly prisma: PrismaClient;
}

/** A machine that goes when the test ends, after what the test itself has started. */
export async function prepareMachine(databaseUrl?: string): Promise<Machine> {
  const database = databaseUrl === undefined ? await createDatabase(inject('databaseUrl')) : undefined;
  const url = databaseUrl ?? database?.url ?? '';
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-durability-'));
  const prisma = createClient({ url, poolSize: 2 });
  onTestFinished(async () => {
    await prisma.$disconnect();
    await database?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const port = await freePort();
  const settings = {
    DATABASE_URL: url,
    DATA_DIR: folder,
    DIMSE_PORT: String(port),
    DIMSE_UNKNOWN_CALLERS: 'accept',
    INFERENCE_THREADS: '1',
    // Killed more often than a machine ever is, so an innocent film may be in a process that dies each time.
    INFERENCE_MAX_ATTEMPTS: '20',
  };
  return { settings, folder, port, prisma };
}

/** A film on its way. */
export interface DurableFilm {
  readonly sopInstanceUid: string;
  readonly dataSet: Uint8Array;
  /** A whole Part 10 file. */
  readonly file: Uint8Array;
}

const STUDIES = 4;
const SERIAL_DIGITS = 8;
const UID_STEM = `${phantomUid('durable').slice(0, 30)}.1`;

/** Rendering a film takes 100 ms, in which nothing else happens: films of a study differ in their UID alone. */
const templates = new Map<number, Buffer>();
let serial = 0;

/** A film that nobody has yet, of one of a few studies. */
export function freshFilm(): DurableFilm {
  serial += 1;
  const study = serial % STUDIES;
  const uidOf = (number: number) => `${UID_STEM}${String(number).padStart(SERIAL_DIGITS, '0')}`;
  const template =
    templates.get(study) ??
    Buffer.from(makePhantom({ seed: study, rows: 256, columns: 256, elements: { '00080018': ['UI', uidOf(0)] } }));
  templates.set(study, template);
  const file = Buffer.from(template);
  const sopInstanceUid = uidOf(serial);
  for (let at = file.indexOf(uidOf(0)); at >= 0; at = file.indexOf(uidOf(0))) file.write(sopInstanceUid, at, 'latin1');
  return { file, dataSet: dataSetOf(file), sopInstanceUid };
}

/** Films sent by several associations at once, each again and again until it is answered by success. */
export class PersistentSenders {
  readonly acknowledged: DurableFilm[] = [];
  /** How often an answer was something else than success, by status. */
  readonly refusals = new Map<number, number>();
  /** How often an association or its film ended without an answer. */
  unanswered = 0;
  readonly #port: number;
  readonly #random: SeededRandom;
  readonly #senders: Promise<void>[];
  /** Sent without an answer, and not sent again before the end. */
  readonly #left: DurableFilm[] = [];
  #over = false;

  constructor(port: number, random: SeededRandom, senders = 3) {
    this.#port = port;
    this.#random = random;
    this.#senders = Array.from({ length: senders }, (_, index) => this.#run(`SENDER_${index}`));
  }

  /** Resolves when this many films have been answered by success. */
  async reached(count: number): Promise<void> {
    while (this.acknowledged.length < count) await delay(10);
  }

  /** Begins no more films; sends what is left without an answer, and resolves when every film sent is answered by success. */
  async finish(): Promise<readonly DurableFilm[]> {
    this.#over = true;
    await Promise.all(this.#senders);
    return this.acknowledged;
  }

  async #run(callingAeTitle: string): Promise<void> {
    let association: Association | undefined;
    while (!this.#over || this.#left.length > 0) {
      let film: DurableFilm | undefined = this.#over ? this.#left.pop() : freshFilm();
      while (film !== undefined) {
        association ??= await call({ port: this.#port, callingAeTitle }).catch(() => undefined);
        const status = association === undefined ? undefined : await this.#send(association, film);
        if (status === 0) {
          this.acknowledged.push(film);
          film = undefined;
          continue;
        }
        if (status === undefined) {
          association?.abort();
          association = undefined;
        }
        await delay(20);
        // Half of them come again at once, half when everything is quiet.
        if (!this.#over && this.#random.below(2) === 0) {
          this.#left.push(film);
          film = undefined;
        }
      }
    }
    await association?.release();
  }

  /** The status; undefined without an answer. */
  async #send(association: Association, film: DurableFilm): Promise<number | undefined> {
    try {
      const { status } = await store(association, film);
      if (status !== 0) this.refusals.set(status ?? -1, (this.refusals.get(status ?? -1) ?? 0) + 1);
      return status;
    } catch {
      this.unanswered += 1;
      return undefined;
    }
  }
}

/** Resolves once no inference waits or runs. */
export async function allSettled({ prisma }: Machine): Promise<void> {
  while ((await prisma.inference.count({ where: { state: { in: ['QUEUED', 'RUNNING'] } } })) > 0) await delay(100);
}

/** Every film has one record, its bytes on disk under their digest, and one reading; nothing is recorded but these. */
export async function expectKeptAndReadOnce(machine: Machine, films: readonly DurableFilm[]): Promise<void> {
  await allSettled(machine);
  const { prisma, folder } = machine;
  const instances = await prisma.instance.findMany({
    include: { inferences: { include: { findings: { select: { label: true } } } } },
  });
  const byUid = new Map(instances.map((instance) => [instance.sopInstanceUid, instance]));
  const changes = await prisma.change.groupBy({ by: ['instanceId', 'type'], _count: true });
  const counted = new Map(changes.map(({ instanceId, type, _count }) => [`${instanceId} ${type}`, _count]));
  for (const { sopInstanceUid, dataSet } of films) {
    const instance = byUid.get(sopInstanceUid);
    if (instance === undefined)
      throw new Error(`The film ${sopInstanceUid} was answered by success and is not recorded.`);
    const bytes = await readFile(join(folder, 'blobs', instance.blobKey));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(instance.sha256);
    expect(instance.blobKey).toContain(instance.sha256);
    expect(bytes.subarray(-dataSet.length).equals(dataSet)).toBe(true);
    expect(instance.inferences).toMatchObject([{ state: 'DONE' }]);
    expect(new Set(instance.inferences[0]?.findings.map(({ label }) => label)).size).toBe(14);
    expect(instance.inferences[0]?.findings).toHaveLength(14);
    for (const type of ['INSTANCE_STORED', 'INFERENCE_QUEUED', 'INFERENCE_DONE']) {
      expect(counted.get(`${instance.id} ${type}`)).toBe(1);
    }
  }
  expect(instances).toHaveLength(films.length);
}
