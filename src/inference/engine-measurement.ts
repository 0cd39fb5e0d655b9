/** Times engines against each other in a worker thread. */
import type { NativeGate } from './native-gate.ts';
import type { EngineMeasurement, ModelReference } from './reading.ts';
import { ModelSession } from './session.ts';

/** A machine changes its speed within a second, so the engines take turns and the medians of their turns are compared. */
const MOST_ROUNDS = 15;
/** At CheXNet's size FP32 needs about 65 ms a film and INT8 15 ms: all rounds take 1.2 s. */
const BUDGET_MS = 2000;
/** Of a model so slow that these exceed the budget the order shows in fewer rounds too. */
const FEWEST_ROUNDS = 3;

interface Candidate {
  readonly session: ModelSession;
  readonly input: Float32Array;
  readonly milliseconds: number[];
}

/**
 * The median time of one run of each engine, loaded for this alone.
 *
 * @param engines - each of the same model version
 * @returns one entry an engine, in the same order
 * @throws GatewayError MODEL_INVALID, MODEL_DIGEST_MISMATCH, INFERENCE_FAILED; INFERENCE_CANCELLED by the gate
 */
export async function measureEngines(
  engines: readonly ModelReference[],
  intraOpThreads: number,
  gate: NativeGate,
): Promise<readonly EngineMeasurement[]> {
  const candidates: Candidate[] = [];
  try {
    for (const engine of engines) {
      const session = await gate.native(() => ModelSession.load(engine, intraOpThreads));
      const { channels, height, width } = session.manifest.input;
      candidates.push({ session, input: new Float32Array(channels * height * width), milliseconds: [] });
    }
    for (const { session, input } of candidates) await gate.native(() => session.run(input)); // warm-up
    const began = performance.now();
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      if (round >= FEWEST_ROUNDS && performance.now() - began > BUDGET_MS) break;
      for (const candidate of candidates) candidate.milliseconds.push(await timeOneRun(candidate, gate));
    }
    return candidates.map(({ session, milliseconds }) => ({
      digest: session.digest,
      milliseconds: median(milliseconds),
      runs: milliseconds.length,
    }));
  } finally {
    for (const { session } of candidates) await session.release();
  }
}

async function timeOneRun({ session, input }: Candidate, gate: NativeGate): Promise<number> {
  const began = performance.now();
  await gate.native(() => session.run(input));
  return performance.now() - began;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}
