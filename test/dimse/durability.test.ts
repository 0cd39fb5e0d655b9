/** What the DICOM door has answered by success is never lost, read twice or half, whatever is killed when. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  expectKeptAndReadOnce,
  PersistentSenders,
  prepareMachine,
  ROUNDS,
  randomMoments,
} from '../support/durability.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';

describe('films by C-STORE', () => {
  it('while the gateway is killed again and again are all kept, and read once', {
    timeout: 120_000 + ROUNDS * 30_000,
  }, async () => {
    const random = randomMoments();
    const machine = await prepareMachine();
    const senders = new PersistentSenders(machine.port, random);
    for (let round = 0; round < ROUNDS; round += 1) {
      await using gateway = await startGatewayProcess(machine.settings);
      await senders.reached(senders.acknowledged.length + 1);
      await delay(random.below(1500));
      await gateway.end('SIGKILL');
    }
    await using _last = await startGatewayProcess(machine.settings);
    const films = await senders.finish();
    expect([...senders.refusals.keys()]).toEqual([]);
    await expectKeptAndReadOnce(machine, films);
  });

  it('taken by a process of role api are read once although workers are killed', {
    timeout: 120_000 + ROUNDS * 30_000,
  }, async () => {
    const random = randomMoments();
    const machine = await prepareMachine();
    await using _api = await startGatewayProcess({ ...machine.settings, ROLE: 'api' });
    const senders = new PersistentSenders(machine.port, random, 1);
    for (let round = 0; round < ROUNDS / 2; round += 1) {
      await using worker = await startGatewayProcess({ ...machine.settings, ROLE: 'worker' });
      await delay(random.below(1500));
      await worker.end('SIGKILL');
    }
    const films = await senders.finish();
    expect(senders.unanswered + senders.refusals.size).toBe(0);
    await using _worker = await startGatewayProcess({ ...machine.settings, ROLE: 'worker' });
    await expectKeptAndReadOnce(machine, films);
  });
});
