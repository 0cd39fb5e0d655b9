/** Associations that end in every bad way leave nothing behind: no descriptor, no socket, no file. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { SeededRandom } from '../../src/inference/evaluate/random.ts';
import { type DurableFilm, freshFilm, prepareMachine, ROUNDS, randomMoments } from '../support/durability.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { call, store } from '../support/scu.ts';
import { associateRequest } from './support.ts';

const ASSOCIATIONS_A_ROUND = 50;
const AT_ONCE = 8;
/** Connections to the database come and go. */
const POOLED_CONNECTIONS = 10;
/** A small heap, so that what is not a leak is collected soon. Measured: flat within 1 MB from 6,000 to 16,800 associations. */
const NODE_OPTIONS = '--max-old-space-size=80 --max-semi-space-size=2';
/** Growth until then was 28 MB. */
const MEMORY_MEGABYTES = 60;

/** Opens an association, or half of one, and ends it badly. */
async function endBadly(port: number, random: SeededRandom, film: DurableFilm): Promise<void> {
  const way = random.below(5);
  if (way < 2) {
    // Bytes of an association request, up to all of them, then silence, a reset or an end.
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    const request = associateRequest();
    socket.write(request.subarray(0, random.below(request.length + 1)));
    await delay(random.below(10));
    if (way === 0) socket.resetAndDestroy();
    else socket.destroy();
    return;
  }
  const association = await call({ port });
  if (way === 2) return association.abort();
  const { dataSet, sopInstanceUid } = film;
  const cut = random.below(dataSet.length);
  async function* part() {
    yield dataSet.subarray(0, cut);
    await delay(random.below(10));
    if (way === 3) throw new Error('the sender dies');
    association.abort();
    yield dataSet.subarray(cut);
  }
  await store(association, { sopInstanceUid, dataSet: part() }).catch(() => {});
}

async function memoryMegabytes(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

it.skipIf(!existsSync('/proc/self/fd'))(
  'many aborted associations leave nothing (needs /proc)',
  {
    timeout: 60_000 + ROUNDS * 10_000,
  },
  async () => {
    const random = randomMoments();
    const machine = await prepareMachine();
    await using gateway = await startGatewayProcess({ ...machine.settings, ROLE: 'api', NODE_OPTIONS });
    const descriptors = async () => (await readdir(`/proc/${gateway.pid}/fd`)).length;
    const round = async () => {
      for (let made = 0; made < ASSOCIATIONS_A_ROUND; made += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, () => endBadly(machine.port, random, freshFilm())));
      }
      const association = await call({ port: machine.port });
      expect((await store(association, freshFilm())).status).toBe(0);
      await association.release();
    };
    const memory: number[] = [];
    await round();
    const before = await descriptors();
    for (let rounds = 0; rounds < ROUNDS; rounds += 1) {
      await round();
      memory.push(await memoryMegabytes(gateway.pid));
    }
    // What was aborted lingers for a second.
    while ((await descriptors()) > before + POOLED_CONNECTIONS) await delay(100);
    expect((memory.at(-1) ?? 0) - (memory[0] ?? 0)).toBeLessThan(MEMORY_MEGABYTES);
    expect(await readdir(join(machine.folder, 'blobs', 'incoming'))).toEqual([]);
    expect(await machine.prisma.instance.count()).toBe(ROUNDS + 1);
  },
);
