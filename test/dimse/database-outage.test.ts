/** A database server that goes away and comes back while films are stored. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  expectKeptAndReadOnce,
  PersistentSenders,
  prepareMachine,
  ROUNDS,
  randomMoments,
} from '../support/durability.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { ownPostgres } from '../support/own-postgres.ts';

const OUT_OF_RESOURCES = 0xa700;

it('films are refused for now, never acknowledged, and taken again by itself once it is back', {
  timeout: 120_000 + ROUNDS * 30_000,
}, async () => {
  const random = randomMoments();
  const server = await ownPostgres();
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
