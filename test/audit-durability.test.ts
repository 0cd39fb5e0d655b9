/** Whoever was shown anything, or changed anything, is in the audit, whenever processes are killed. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { expectAudited } from './support/audit-proof.ts';
import { AuditedClients } from './support/audited-clients.ts';
import { expectKeptAndReadOnce, prepareMachine, ROUNDS, randomMoments } from './support/durability.ts';
import { type GatewayProcess, runCommand, startGatewayProcess } from './support/gateway-process.ts';
import { freePort } from './support/peers/programs.ts';
import { writeTwoModels } from './support/two-models.ts';

const UNLIMITED = { RATE_LIMIT_REQUESTS_PER_MINUTE: '0', RATE_LIMIT_COST_PER_MINUTE: '0' };

it('two gateways that are killed at any moment under readers and writers', {
  timeout: 120_000 + ROUNDS * 30_000,
}, async () => {
  const random = randomMoments();
  const machine = await prepareMachine();
  const models = join(machine.folder, 'models');
  const MODEL = await writeTwoModels(models);
  const ports = [await freePort(), await freePort()];
  const start = (port: number) =>
    startGatewayProcess({
      ...machine.settings,
      ...UNLIMITED,
      MODELS_DIR: models,
      ACTIVE_MODEL: MODEL,
      PORT: String(port),
      DIMSE_PORT: '0',
    });
  const gateways: GatewayProcess[] = [];
  for (const port of ports) gateways.push(await start(port));
  await using _all = {
    [Symbol.asyncDispose]: async () => void (await Promise.all(gateways.map((one) => one.end('SIGKILL')))),
  };
  const versions = await machine.prisma.modelVersion.findMany({ select: { id: true } });
  expect(versions).toHaveLength(2);
  const clients = new AuditedClients(
    gateways.map(({ url }) => url),
    random,
    versions.map(({ id }) => id),
  );
  for (let round = 0; round < ROUNDS; round += 1) {
    await clients.progressed(3);
    await delay(random.below(500));
    // Either, or both at once: then nobody is there to seal what they leave.
    const both = random.below(3) === 0;
    const first = random.below(2);
    const victims = both ? [0, 1] : [first];
    await Promise.all(victims.map((index) => gateways[index]?.end('SIGKILL')));
    for (const index of victims) gateways[index] = await start(ports[index] ?? 0);
  }
  await clients.progressed(3);
  const told = await clients.finish(async () => {
    const done = await machine.prisma.inference.findMany({ where: { state: 'DONE' }, select: { id: true } });
    return done.map(({ id }) => id);
  });
  await expectKeptAndReadOnce(machine, told.films);
  await expectAudited(machine.prisma, machine.settings.DATABASE_URL ?? '', told);
  expect((await runCommand(['audit', 'verify'], machine.settings)).code).toBe(0);
  expect(told.activations).toBeGreaterThan(0);
});
