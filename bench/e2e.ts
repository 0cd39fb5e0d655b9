/**
 * Whole films through a whole gateway: 2048x2048 12-bit uncompressed DICOM in by STOW-RS, findings out by subscription, with
 * the shipped network at 224x224. Sender and subscriber run on the same cores, so all of it is in the figures.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PixelMemory, readFilm } from '../src/dicom/film.ts';
import { phantomUid } from '../src/dicom/phantom.ts';
import { preprocess } from '../src/inference/preprocess.ts';
import type { ModelReference } from '../src/inference/reading.ts';
import { discoverModels } from '../src/inference/registry.ts';
import { ModelSession } from '../src/inference/session.ts';
import { LIMITS, MODELS } from './support/built.ts';
import { temporaryFolder, writePhantoms } from './support/films.ts';
import { startGateway } from './support/gateway.ts';
import { writeModelAtSize } from './support/model-at-size.ts';
import { type Bench, goal, median, quantile } from './support/report.ts';
import { type Journey, Sender } from './support/sender.ts';

const SIZE = 2048;
const INPUT = 224;
const WARM = 10;
const IDLE = 40;
const SATURATED = 120;
const AT_ONCE = 8;
const LOADED = 120;
const LOAD = 0.8;
const CONCURRENT = 100;
const COST_ROUNDS = 7;
const COST_FILMS = 15;

export const endToEndBench: Bench = async () => {
  await using folder = await temporaryFolder('bench-e2e');
  const [shipped] = await discoverModels(MODELS);
  if (shipped === undefined) throw new Error('models/ is empty');
  const model = await writeModelAtSize(shipped, INPUT, join(folder.path, 'models', 'bench'));
  const paths = await writePhantoms(folder.path, WARM + IDLE + SATURATED + LOADED + CONCURRENT, SIZE, 1);
  const cost = await stageCost(paths[0] ?? '', model);

  await using gateway = await startGateway({ MODELS_DIR: join(folder.path, 'models') });
  using sender = await Sender.open(gateway.url);
  let next = 0;
  const send = () => {
    const path = paths[next] ?? '';
    next += 1;
    return sender.send(path, phantomUid(`instance ${next}`));
  };

  await inLanes(WARM, 2, send);
  const idle = await inLanes(IDLE, 1, send);
  const processorBefore = await gateway.processorMs();
  const began = performance.now();
  const saturated = await inLanes(SATURATED, AT_ONCE, send);
  const rate = (SATURATED * 1000) / (performance.now() - began);
  const processor = ((await gateway.processorMs()) - processorBefore) / SATURATED;
  const loaded = await atRate(LOADED, rate * LOAD, send);
  await Promise.all(Array.from({ length: CONCURRENT }, send));
  const peakMemory = await gateway.peakMemoryMb();

  const latency = (journeys: readonly Journey[], fraction: number) =>
    quantile(
      journeys.map(({ sentAt, pushedAt }) => pushedAt - sentAt),
      fraction,
    );
  const enqueueToStart = median(idle.map(({ timings }) => timings.waitMs));
  const stage = (name: keyof Journey['timings']) => median(saturated.map(({ timings }) => timings[name]));
  return {
    figures: {
      'films/s': rate,
      'gateway CPU, ms a film': processor,
      'enqueue (begin of its transaction) to start, idle p50, ms': enqueueToStart,
      'wait for a worker (saturated), ms': stage('waitMs'),
      'read file, ms': stage('readMs'),
      'decode, ms': stage('decodeMs'),
      'preprocess, ms': stage('preprocessMs'),
      'inference, ms': stage('inferenceMs'),
      'CPU of read + decode + preprocess alone, ms': cost.before,
      'CPU of inference alone, ms': cost.inference,
      'last byte to event, idle p50, ms': latency(idle, 0.5),
      'last byte to event, idle p99, ms': latency(idle, 0.99),
      'last byte to event, 80 % load p50, ms': latency(loaded, 0.5),
      'last byte to event, 80 % load p99, ms': latency(loaded, 0.99),
      'peak RSS with 100 concurrent films, MB': peakMemory,
    },
    goals: [
      goal('CPU of read + decode + preprocess / CPU of inference', cost.before / cost.inference, '<=', 1),
      goal('last byte to event, idle p50, ms', latency(idle, 0.5), '<=', 100),
      goal('peak RSS with 100 concurrent films, MB', peakMemory, '<=', 600),
    ],
  };
};

/** Processor milliseconds of the two halves of a reading, taking turns in one thread. */
async function stageCost(path: string, model: ModelReference) {
  const session = await ModelSession.load(model, 1);
  const memory = new PixelMemory(); // as a worker thread has it
  const half = async () => preprocess((await readFilm(path, LIMITS, memory)).film, session.manifest);
  const input = await half();
  const before: number[] = [];
  const inference: number[] = [];
  for (let round = 0; round < COST_ROUNDS; round += 1) {
    before.push(await processorTime(half));
    inference.push(await processorTime(() => session.run(input)));
  }
  await session.release();
  return { before: median(before), inference: median(inference) };
}

async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  for (let film = 0; film < COST_FILMS; film += 1) await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000 / COST_FILMS;
}

/** This many calls, so many under way at once. */
async function inLanes(count: number, lanes: number, send: () => Promise<Journey>): Promise<Journey[]> {
  const journeys: Journey[] = [];
  let begun = 0;
  const lane = async () => {
    while (begun < count) {
      begun += 1;
      journeys.push(await send());
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return journeys;
}

/** Calls that begin at random times (exponential gaps), whether or not earlier ones have ended. */
async function atRate(count: number, perSecond: number, send: () => Promise<Journey>): Promise<Journey[]> {
  const journeys: Promise<Journey>[] = [];
  let due = performance.now();
  for (let film = 0; film < count; film += 1) {
    due += (-Math.log(1 - Math.random()) / perSecond) * 1000;
    await delay(Math.max(0, due - performance.now()));
    journeys.push(send());
  }
  return Promise.all(journeys);
}
