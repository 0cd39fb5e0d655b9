/** Figures, goals and picture of the engines bench. */
import { type Bar, drawBars } from './bars.ts';
import type { EngineInputs } from './engine-inputs.ts';
import { CEILING, FLOAT, IN_PROCESS, POOL, POOL_OF_BATCHES, WORKERS } from './engine-names.ts';
import type { Peers } from './peers.ts';
import { type Goal, goal, type Outcome } from './report.ts';

/** The best of the engines whose name matches; undefined when there is none. */
function best(medians: ReadonlyMap<string, number>, pattern: RegExp): Bar | undefined {
  const matching = [...medians].filter(([name]) => pattern.test(name)).sort(([, a], [, b]) => b - a);
  const [first] = matching;
  return first === undefined ? undefined : { name: first[0], detail: [], value: first[1] };
}

/** What a run has found. */
export interface Findings {
  /** Films a second by contender. */
  readonly medians: ReadonlyMap<string, number>;
  /** Milliseconds a film by operator. */
  readonly profile: readonly [operator: string, milliseconds: number][];
  /** Of the convolutions, for one film. */
  readonly multiplications: number;
  readonly inputs: EngineInputs;
  readonly peers: Peers;
  /** Load average of the machine before the run. */
  readonly loadBefore: number;
  readonly rounds: number;
  readonly roundMs: number;
}

/** The outcome of a run. */
export function engineOutcome({
  medians,
  profile,
  multiplications,
  inputs,
  peers,
  loadBefore,
  rounds,
  roundMs,
}: Findings): Outcome {
  const of = (name: string) => medians.get(name) ?? Number.NaN;
  const pool = of(POOL);
  const openVino = best(medians, /^OpenVINO INT8, asynchronous/);
  const openVinoFilmByFilm = best(medians, /^OpenVINO INT8, asynchronous(?!.*batch)/);
  const quantiser = best(medians, /^ONNX Runtime INT8/);
  const float = best(medians, /^ONNX Runtime FP32/);
  const ratios: [string, Bar | undefined, number][] = [
    [`pool of ${WORKERS} / OpenVINO INT8 asynchronous, best of its hints, film by film`, openVinoFilmByFilm, 1.2],
    [`pool of ${WORKERS} / ONNX Runtime's own quantiser, best of its forms`, quantiser, 1.7],
    [`pool of ${WORKERS} / ONNX Runtime FP32, best`, float, 3.5],
  ];
  const goals: Goal[] = ratios.flatMap(([name, other, wanted]) =>
    other === undefined ? [] : [goal(name, pool / other.value, '>=', wanted)],
  );
  if (openVino !== undefined) {
    const ours = Math.max(pool, of(POOL_OF_BATCHES));
    const name = `pool of ${WORKERS} / OpenVINO INT8 asynchronous, each with its best batch`;
    goals.push(goal(name, ours / openVino.value, '>=', 1.2));
  }
  goals.push(goal(`pool of ${WORKERS} / ${WORKERS} x convolutions alone`, pool / (WORKERS * of(CEILING)), '>=', 0.85));
  const figures = Object.fromEntries([...medians].map(([name, value]) => [`${name}, img/s`, value]));
  const missing = Object.entries(peers.missing).map(([toolkit, why]) => `${toolkit}: ${why}`);
  return {
    figures: {
      ...figures,
      'convolutions, GMAC a film': multiplications / 1e9,
      'convolutions alone, GMAC/s a thread': (multiplications * of(CEILING)) / 1e9,
      'fused INT8, one thread / convolutions alone': of(IN_PROCESS) / of(CEILING),
      ...Object.fromEntries(profile.map(([operator, value]) => [`fused INT8, ${operator}, ms a film`, value])),
      ...Object.fromEntries(
        Object.entries(peers.differences).map(([name, value]) => [`${name}, max |dp| to FP32`, value]),
      ),
    },
    goals,
    notes: [
      `Medians of ${rounds} alternating rounds of ${roundMs / 1000} s; ${inputs.tensors.length} ${inputs.real ? 'real films' : 'phantoms'}. Load average before the run: ${loadBefore.toFixed(1)}.`,
      ...(missing.length === 0 ? [] : [`Not measured: ${missing.join('; ')}.`]),
    ],
    picture: drawBars(
      `CheXNet (DenseNet-121) at ${inputs.int8.manifest.input.height} x ${inputs.int8.manifest.input.width}`,
      `films a second on ${WORKERS} cores, measured in one run`,
      bars(medians),
    ),
  };
}

/** Unoptimised, optimised, quantised, quantised and asynchronous; what was not measured is left out. */
function bars(medians: ReadonlyMap<string, number>): Bar[] {
  const named = (name: string, pattern: RegExp): Bar[] => {
    const found = best(medians, pattern);
    return found === undefined ? [] : [{ name, detail: found.name.split(', '), value: found.value }];
  };
  const eager = named('unoptimised', /^PyTorch/);
  return [
    ...(eager.length > 0 ? eager : named('unoptimised', new RegExp(`^${FLOAT}, 1 thread`))),
    ...named('optimised', /^(OpenVINO|ONNX Runtime) FP32/),
    ...named('quantised', new RegExp(`^${IN_PROCESS}$`)),
    ...named('quantised, asynchronous', new RegExp(`^${POOL}$`)),
  ];
}
