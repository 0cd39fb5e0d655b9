/**
 * Films a second at 224x224 of the gateway's INT8 form beside what other toolkits make of the same net: ONNX Runtime in FP32
 * and by its own quantiser, OpenVINO in FP32 and INT8, PyTorch. All take turns within one run, so a machine that changes its
 * speed changes it for all. Beside them stands the speed that the net would have if only its convolutions took time.
 *
 * The other toolkits are measured where bench/peers/install.sh has installed them.
 */
import { loadavg } from 'node:os';
import { type EngineInputs, engineInputs } from './support/engine-inputs.ts';
import type { Contender } from './support/engine-names.ts';
import { engineOutcome } from './support/engine-outcome.ts';
import { temporaryFolder } from './support/films.ts';
import { openGatewayEngines, profileOf } from './support/gateway-engines.ts';
import { openPeers, type Peers } from './support/peers.ts';
import { type Bench, median } from './support/report.ts';

const ROUNDS = 5;
const ROUND_MS = 2000;
const SIZE = 224;

export const enginesBench: Bench = async () => {
  const [loadBefore = 0] = loadavg();
  await using folder = await temporaryFolder('bench-engines');
  const inputs = await engineInputs(folder.path, SIZE);
  const profile = await profileOf(inputs, folder.path);
  await using ours = await openGatewayEngines(inputs);
  await using peers = await openOthers(inputs, folder.path);
  const contenders = [...ours.contenders, ...contendersOf(peers)];
  const rates = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (const { measure } of contenders) await measure(ROUND_MS / 10);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { name, measure } of contenders) rates.get(name)?.push(await measure(ROUND_MS));
  }
  const medians = new Map([...rates].map(([name, values]) => [name, median(values)]));
  const { multiplications } = ours.ceiling;
  return engineOutcome({
    medians,
    profile,
    multiplications,
    inputs,
    peers,
    loadBefore,
    rounds: ROUNDS,
    roundMs: ROUND_MS,
  });
};

async function openOthers({ float, tensors, tensorFile, int8 }: EngineInputs, folder: string): Promise<Peers> {
  const { channels, height, width } = int8.manifest.input;
  const shape = [tensors.length, channels, height, width];
  const peers = float === undefined ? undefined : await openPeers({ model: float, films: tensorFile, shape, folder });
  const why = float === undefined ? 'there is no FP32 graph' : 'bench/peers/install.sh has not been run';
  return peers ?? { ...NO_PEERS, missing: { 'PyTorch, OpenVINO and the quantiser of ONNX Runtime': why } };
}

const NO_PEERS: Peers = {
  engines: [],
  differences: {},
  missing: {},
  measure: () => Promise.reject(new Error('there are no other toolkits')),
  [Symbol.asyncDispose]: async () => {},
};

function contendersOf(peers: Peers): Contender[] {
  return peers.engines.map((name) => ({ name, measure: (milliseconds) => peers.measure(name, milliseconds) }));
}
