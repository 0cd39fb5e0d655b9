/**
 * Films a second by C-STORE into the gateway (role api: the reading of films is not in it) and into DCMTK's storescp, over 1, 4
 * and 16 associations of one sender. The receivers take turns. storescp writes each film to a file and leaves it to the
 * kernel when it reaches the disk; the gateway answers after film and records are durable.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BlobStore } from '../src/store/blobs.ts';
import { temporaryFolder, writePhantoms } from './support/films.ts';
import { startGateway } from './support/gateway.ts';
import { type Bench, goal, median } from './support/report.ts';
import { StoreSender } from './support/store-sender.ts';
import { startStoreScp } from './support/storescp.ts';

const SIZE = 2048;
const SEED = 1;
const ROUNDS = 5;
const ASSOCIATIONS = [1, 4, 16];
const FILMS = 48;
const WARM = 16;
const BLOBS = 20;

export const dimseBench: Bench = async () => {
  await using folder = await temporaryFolder('bench-dimse');
  const [path = ''] = await writePhantoms(folder.path, 1, SIZE, SEED);
  const sender = await StoreSender.open(path, SEED);
  await using shipped = await startStoreScp(folder.path, ['+B'], false);
  await using single = await startStoreScp(folder.path, ['+B'], true);
  await using forking = await startStoreScp(folder.path, ['+B', '--fork'], true);
  await using gateway = await startGateway({ ROLE: 'api', DIMSE_UNKNOWN_CALLERS: 'accept' });
  const receivers = {
    gateway: (associations: number, films: number) => sender.run(gateway.dicomPort, 'CXRGATEWAY', associations, films),
    shipped: (associations: number, films: number) => sender.run(shipped.port, 'ANY', associations, films),
    single: (associations: number, films: number) => sender.run(single.port, 'ANY', associations, films),
    forking: (associations: number, films: number) => sender.run(forking.port, 'ANY', associations, films),
  };
  const names = ['gateway', 'shipped', 'single', 'forking'] as const;
  for (const name of names) await receivers[name](4, WARM);

  const figures: Record<string, number> = {};
  const goals = [];
  for (const associations of ASSOCIATIONS) {
    const rates = {
      gateway: [] as number[],
      shipped: [] as number[],
      single: [] as number[],
      forking: [] as number[],
      onDisk: [] as number[],
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const name of names) {
        // What one receiver left to the kernel must not be written in another one's time, and all get their memory for files
        // from the same stock.
        await Promise.all([shipped, single, forking].map((receiver) => receiver.empty()));
        await gateway.removeFilms();
        await writeBack();
        const rate = await receivers[name](associations, FILMS);
        rates[name].push(rate);
        if (name === 'forking') rates.onDisk.push(FILMS / (FILMS / rate + (await writeBack())));
      }
    }
    const [own, asShipped, durable] = [median(rates.gateway), median(rates.shipped), median(rates.onDisk)];
    const label = `${associations} association${associations === 1 ? '' : 's'}`;
    figures[`${label}: gateway, films/s`] = own;
    figures[`${label}: storescp as shipped, films/s`] = asShipped;
    figures[`${label}: storescp with TCP_NODELAY, films/s`] = median(rates.single);
    figures[`${label}: storescp --fork with TCP_NODELAY, films/s`] = median(rates.forking);
    figures[`${label}: the same until its films are on disk, films/s`] = durable;
    figures[`${label}: gateway / the fastest storescp, films not on disk`] =
      own / Math.max(asShipped, median(rates.single), median(rates.forking));
    goals.push(goal(`${label}: gateway / storescp as shipped`, own / asShipped, '>=', 0.7));
    goals.push(goal(`${label}: gateway / storescp --fork with TCP_NODELAY, films on disk`, own / durable, '>=', 0.7));
  }
  await Promise.all([shipped, single, forking].map((receiver) => receiver.empty()));
  await gateway.removeFilms();
  figures['gateway CPU, ms a film'] = (await processorOf(gateway, () => receivers.gateway(4, FILMS))) / FILMS;
  await writeBack();
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

/** Has the kernel write everything to disk; returns the seconds that took. */
async function writeBack(): Promise<number> {
  const began = performance.now();
  await promisify(execFile)('sync');
  return (performance.now() - began) / 1000;
}

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
