/** A database server that is killed under readers and writers: what cannot be recorded is not shown, and all goes on by itself. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { expectAudited } from './support/audit-proof.ts';
import { AuditedClients } from './support/audited-clients.ts';
import { expectKeptAndReadOnce, prepareMachine, ROUNDS, randomMoments } from './support/durability.ts';
import { startGatewayProcess } from './support/gateway-process.ts';
import { ownPostgres } from './support/own-postgres.ts';

/** What clients may be told meanwhile; the heat map of a film that is not read yet is NOT_FOUND. */
const OUTAGE = ['AUDIT_UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'NOT_FOUND'];

it('one process goes on through every end of its database', { timeout: 120_000 + ROUNDS * 30_000 }, async () => {
  const random = randomMoments();
  const server = await ownPostgres();
  const machine = await prepareMachine(server.url);
  await using gateway = await startGatewayProcess({
    ...machine.settings,
    RATE_LIMIT_REQUESTS_PER_MINUTE: '0',
    RATE_LIMIT_COST_PER_MINUTE: '0',
  });
  const { id } = await machine.prisma.modelVersion.findFirstOrThrow({ select: { id: true } });
  const clients = new AuditedClients([gateway.url], random, [id]);
  for (let round = 0; round < ROUNDS; round += 1) {
    await clients.progressed(3);
    await delay(random.below(500));
    await server.stop(round % 2 === 0 ? 'SIGKILL' : 'SIGQUIT');
    await delay(500 + random.below(1000));
    await server.start();
  }
  await clients.progressed(3);
  const told = await clients.finish(async () => {
    const done = await machine.prisma.inference.findMany({ where: { state: 'DONE' }, select: { id: true } });
    return done.map((inference) => inference.id);
  });
  expect([...told.errors.keys()].filter((code) => !OUTAGE.includes(code))).toEqual([]);
  await expectKeptAndReadOnce(machine, told.films);
  await expectAudited(machine.prisma, server.url, told);
});
