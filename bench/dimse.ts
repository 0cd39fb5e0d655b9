/**
 * Films a second by C-STORE into the gateway (role api: the reading of films is not in it) and into DCMTK's storescp, over 1, 4
 * and 16 associations of one sender. The receivers take turns. storescp writes each film to a file and leaves it to the
 * kernel when it reaches the disk; the gateway answers after film and records are durable.
 */
import { BlobStore } from '../src/store/blobs.ts';
import { temporaryFolder, writePhantoms } from './support/films.ts';
import { startGateway } from './support/gateway.ts';
import { type Bench, goal, median } from './support/report.ts';
import { StoreSender } from './support/store-sender.ts';
import { startStoreScp } from './support/storescp.ts';

const SIZE = 2048;
const SEED = 1;
const ROUNDS = 2;
const ASSOCIATIONS = [1, 4, 16];
const FILMS = 48;
const WARM = 16;
const BLOBS = 20;

export const dimseBench: Bench = async () => {
  await using folder = await temporaryFolder('bench-dimse');
  const [path = ''] = await writePhantoms(folder.path, 1, SIZE, SEED);
  const sender = await StoreSender.open(path, SEED);
  await using single = await startStoreScp(folder.path, ['+B']);
  await using forking = await startStoreScp(folder.path, ['+B', '--fork']);
  await using gateway = await startGateway({ ROLE: 'api', DIMSE_UNKNOWN_CALLERS: 'accept' });
  const receivers = {
    gateway: (associations: number, films: number) => sender.run(gateway.dicomPort, 'CXRGATEWAY', associations, films),
    single: (associations: number, films: number) => sender.run(single.port, 'ANY', associations, films),
    forking: (associations: number, films: number) => sender.run(forking.port, 'ANY', associations, films),
  };
  const names = ['gateway', 'single', 'forking'] as const;
  for (const name of names) await receivers[name](4, WARM);

  const figures: Record<string, number> = {};
  const goals = [];
  for (const associations of ASSOCIATIONS) {
    const rates = { gateway: [] as number[], single: [] as number[], forking: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const name of names) rates[name].push(await receivers[name](associations, FILMS));
      await Promise.all([single.empty(), forking.empty()]);
    }
    const [own, one, fork] = [median(rates.gateway), median(rates.single), median(rates.forking)];
    const label = `${associations} association${associations === 1 ? '' : 's'}`;
    figures[`${label}: gateway, films/s`] = own;
    figures[`${label}: storescp, films/s`] = one;
    figures[`${label}: storescp --fork, films/s`] = fork;
    goals.push(goal(`${label}: gateway / storescp, the faster of both ways`, own / Math.max(one, fork), '>=', 0.7));
  }
  figures['gateway CPU, ms a film'] = (await processorOf(gateway, () => receivers.gateway(4, FILMS))) / FILMS;
  figures['a film to disk with fdatasync, alone, ms'] = await durableWrite(folder.path, sender.bytes);
  figures['gateway peak RSS, MB'] = await gateway.peakMemoryMb();
  return {
    figures,
    goals,
    notes: [
      `Medians of ${ROUNDS} alternating rounds of ${FILMS} films of ${(sender.bytes / 2 ** 20).toFixed(1)} MiB; sender and receiver on the same cores. storescp runs with +B (data sets as they come) and does not wait for the disk.`,
    ],
  };
};

async function processorOf(gateway: { processorMs(): Promise<number> }, work: () => Promise<unknown>): Promise<number> {
  const before = await gateway.processorMs();
  await work();
  return (await gateway.processorMs()) - before;
}

/** Median time to write, sync and file one film, with nothing else going on. */
async function durableWrite(folder: string, bytes: number): Promise<number> {
  const blobs = new BlobStore({ directory: `${folder}/blobs`, maxFileBytes: 2 ** 30, minFreeDiskBytes: 0 });
  await blobs.open();
  const times: number[] = [];
  for (let index = 0; index < BLOBS; index += 1) {
    const film = Buffer.alloc(bytes, index);
    const began = performance.now();
    await blobs.keep(
      await blobs.stage(
        (async function* () {
          for (let start = 0; start < film.length; start += 65_536) yield film.subarray(start, start + 65_536);
        })(),
      ),
    );
    times.push(performance.now() - began);
  }
  return median(times);
}
