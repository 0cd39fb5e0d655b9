/** A database server that goes away and comes back while films are stored. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';
import {
  expectKeptAndReadOnce,
  PersistentSenders,
  prepareMachine,
  ROUNDS,
  randomMoments,
} from '../support/durability.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { freePort } from '../support/peers/programs.ts';

const OUT_OF_RESOURCES = 0xa700;

/** A server of this test's own, on one port whenever it runs. */
async function ownServer() {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-outage-'));
  await chmod(folder, 0o755); // as root the server runs as another account, which must be able to enter
  const options = { directory: join(folder, 'postgres'), settings: { port: String(await freePort()) } };
  let server = await startEmbeddedPostgres(options);
  const stop = async (signal: NodeJS.Signals) => {
    process.kill(server.pid, signal);
    while (isAlive(server.pid)) await delay(10);
  };
  onTestFinished(async () => {
    if (isAlive(server.pid)) await stop('SIGQUIT');
    await rm(folder, { recursive: true, force: true });
  });
  return {
    url: server.url,
    stop,
    start: async () => {
      server = await startEmbeddedPostgres(options);
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it('films are refused for now, never acknowledged, and taken again by itself once it is back', {
  timeout: 60_000 + ROUNDS * 15_000,
}, async () => {
  const random = randomMoments();
  const server = await ownServer();
  const machine = await prepareMachine(server.url);
  await using _gateway = await startGatewayProcess(machine.settings);
  const senders = new PersistentSenders(machine.port, random);
  // Fast shutdown ends sessions in order; immediate shutdown is a crash.
  for (let round = 0; round < ROUNDS; round += 1) {
    await senders.reached(senders.acknowledged.length + 5);
    await delay(random.below(500));
    await server.stop(round % 2 === 0 ? 'SIGINT' : 'SIGQUIT');
    await delay(500 + random.below(1000));
    await server.start();
  }
  await senders.reached(senders.acknowledged.length + 10);
  const films = await senders.finish();
  expect([...senders.refusals.keys()]).toEqual([OUT_OF_RESOURCES]);
  await expectKeptAndReadOnce(machine, films);
});
