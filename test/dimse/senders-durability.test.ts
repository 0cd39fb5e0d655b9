/** DCMTK's senders and a gateway that is killed under them: what they were told is stored, is stored. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  type DurableFilm,
  expectKeptAndReadOnce,
  freshFilm,
  prepareMachine,
  ROUNDS,
  randomMoments,
} from '../support/durability.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { installed } from '../support/peers/programs.ts';
import { runProgram } from '../support/peers/run-program.ts';

const SENDERS = ['storescu', 'dcmsend'].flatMap((name) => {
  const path = installed(name);
  return path === undefined ? [] : [{ name, path }];
});
const FILMS = 20;
/** Of one association; DCMTK's senders wait some 80 ms a film for acknowledgements of TCP. */
const FILMS_AT_ONCE = 200;

/** Of the log of a sender: how many films were answered by success, which are the first ones as it sends them in order. */
function successes(output: string): number {
  return output.match(/Received (?:Store|C-STORE) Response \((?:0x0000: )?Success\)/g)?.length ?? 0;
}

it.skipIf(SENDERS.length === 0)(
  'films sent by storescu and dcmsend are all kept, and read once (needs DCMTK)',
  {
    timeout: 120_000 + ROUNDS * 30_000,
  },
  async () => {
    const random = randomMoments();
    const machine = await prepareMachine();
    const stored: DurableFilm[] = [];
    const send = async (path: string, films: readonly DurableFilm[]) => {
      const files = films.map(({ sopInstanceUid }) => join(machine.folder, `${sopInstanceUid}.dcm`));
      const args = ['-v', '-aet', 'DCMTK', '-aec', 'CXRGATEWAY', '127.0.0.1', String(machine.port), ...files];
      return runProgram(path, args);
    };
    const all: DurableFilm[] = [];
    for (let round = 0; round < ROUNDS / 2; round += 1) {
      const batches = SENDERS.map(() => Array.from({ length: FILMS }, freshFilm));
      for (const film of batches.flat()) {
        all.push(film);
        await writeFile(join(machine.folder, `${film.sopInstanceUid}.dcm`), film.file);
      }
      const before = await machine.prisma.instance.count();
      await using gateway = await startGatewayProcess(machine.settings);
      const sent = SENDERS.map(async ({ path }, index) => {
        const films = batches[index] ?? [];
        stored.push(...films.slice(0, successes((await send(path, films)).output)));
      });
      while ((await machine.prisma.instance.count()) === before);
      await delay(random.below(1000));
      await gateway.end('SIGKILL');
      await Promise.all(sent);
    }
    await using _last = await startGatewayProcess(machine.settings);
    const found = await machine.prisma.instance.findMany({ select: { sopInstanceUid: true } });
    const uids = new Set(found.map(({ sopInstanceUid }) => sopInstanceUid));
    expect(stored.filter(({ sopInstanceUid }) => !uids.has(sopInstanceUid))).toEqual([]);
    for (let at = 0; at < all.length; at += FILMS_AT_ONCE) {
      const films = all.slice(at, at + FILMS_AT_ONCE);
      expect(await Promise.all(SENDERS.map(async ({ path }) => (await send(path, films)).code))).toEqual(
        SENDERS.map(() => 0),
      );
    }
    await expectKeptAndReadOnce(machine, all);
  },
);
