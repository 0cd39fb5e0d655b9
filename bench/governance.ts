/**
 * What governance costs live films: their latency with and without a SHADOW version that reads each of them too, in turns on one
 * gateway, and the time of an exchange from the mutation to the findings of the first film on the new version. The shadow is the
 * FP32 graph, the dearest that there is beside an INT8 one. Sender, subscriber, gateway and PostgreSQL share the cores.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { phantomUid } from '../src/dicom/phantom.ts';
import { graphql } from '../test/support/client.ts';
import { twoVersions } from '../test/support/two-versions.ts';
import { temporaryFolder, writePhantoms } from './support/films.ts';
import { startGateway } from './support/gateway.ts';
import { type Bench, goal, quantile } from './support/report.ts';
import { Sender } from './support/sender.ts';

const SIZE = 1024;
const WARM = 10;
const ROUNDS = 6;
const FILMS_A_BLOCK = 20;
const SWAPS = 6;
/** Between two films of the stream: 5 films/s, about half of what two cores take with a shadow. */
const INTERVAL_MS = 200;
const DRAIN_POLL_MS = 50;

const MOST_SLOWDOWN = 1.2;
const LONGEST_SWAP_MS = 5000;

export const governanceBench: Bench = async () => {
  await using folder = await temporaryFolder('bench-governance');
  const models = join(folder.path, 'models');
  const { int8, fp32 } = await twoVersions(models);
  const [served, candidate] = [int8.manifest, fp32.manifest];
  const paths = await writePhantoms(folder.path, WARM + 2 * ROUNDS * FILMS_A_BLOCK + SWAPS, SIZE, 1);
  await using gateway = await startGateway({ MODELS_DIR: models, ACTIVE_MODEL: `${served.name}@${served.version}` });
  using sender = await Sender.open(gateway.url);
  const call = <T>(query: string, variables = {}) => graphql<T>(gateway.url, query, variables);
  const { modelVersions } = await call<{ modelVersions: { nodes: { id: string; version: string }[] } }>(
    '{ modelVersions { nodes { id version } } }',
  );
  const idOf = (version: string) => modelVersions.nodes.find((node) => node.version === version)?.id;
  const move = (version: string, toState: string) =>
    call(MOVE, { input: { modelVersionId: idOf(version), toState, reason: 'bench' } });
  let next = 0;
  const send = async () => {
    next += 1;
    const { sentAt, pushedAt } = await sender.send(paths[next - 1] ?? '', phantomUid(`instance ${next}`));
    return pushedAt - sentAt;
  };
  const drained = async () => {
    for (;;) {
      const { inferences } = await call<{ inferences: { totalCount: number } }>(OPEN);
      if (inferences.totalCount === 0) return;
      await delay(DRAIN_POLL_MS);
    }
  };

  for (let film = 0; film < WARM; film += 1) await send();
  const latencies = { without: [] as number[], with: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    // Each comes first as often as the other.
    for (const which of round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const)) {
      await move(candidate.version, which === 'with' ? 'SHADOW' : 'REGISTERED');
      await drained();
      const block: Promise<number>[] = [];
      for (let film = 0; film < FILMS_A_BLOCK; film += 1) {
        block.push(send());
        await delay(INTERVAL_MS);
      }
      latencies[which].push(...(await Promise.all(block)));
      await drained();
    }
  }
  await move(candidate.version, 'SHADOW');
  const swaps: number[] = [];
  for (let swap = 0; swap < SWAPS; swap += 1) {
    const began = performance.now();
    await move((swap % 2 === 0 ? candidate : served).version, 'ACTIVE');
    await send();
    swaps.push(performance.now() - began);
  }
  const slowdown = quantile(latencies.with, 0.99) / quantile(latencies.without, 0.99);
  return {
    figures: {
      'live films in each half': latencies.with.length,
      'last byte to event without a shadow, p50, ms': quantile(latencies.without, 0.5),
      'last byte to event without a shadow, p99, ms': quantile(latencies.without, 0.99),
      'last byte to event with a shadow, p50, ms': quantile(latencies.with, 0.5),
      'last byte to event with a shadow, p99, ms': quantile(latencies.with, 0.99),
      'mutation to first findings on the new version, p50, ms': quantile(swaps, 0.5),
      'mutation to first findings on the new version, max, ms': Math.max(...swaps),
    },
    goals: [
      goal('p99 of live films with a shadow, times that without', slowdown, '<=', MOST_SLOWDOWN),
      goal('mutation to first findings on the new version, max, ms', Math.max(...swaps), '<=', LONGEST_SWAP_MS),
    ],
    notes: [
      `A stream of ${1000 / INTERVAL_MS} films/s of ${SIZE} x ${SIZE} pixels, in ${2 * ROUNDS} blocks of ${FILMS_A_BLOCK} films with and without the shadow in turns; p99 of so few films is nearly their maximum.`,
    ],
  };
};

const MOVE = 'mutation ($input: MoveModelVersionInput!) { moveModelVersion(input: $input) { modelVersion { state } } }';
const OPEN = '{ inferences(filter: { states: [QUEUED, RUNNING] }) { totalCount } }';
