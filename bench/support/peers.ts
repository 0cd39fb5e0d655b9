/** The toolkits of bench/peers in their child process. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const FOLDER = resolve(import.meta.dirname, '..', 'peers');
const PYTHON = resolve(FOLDER, '.venv', 'bin', 'python');

/** What the toolkits are given. */
export interface PeerInput {
  /** Path of the FP32 ONNX file. */
  readonly model: string;
  /** Path of the films as float32, one after another. */
  readonly films: string;
  /** Films, channels, height, width. */
  readonly shape: readonly number[];
  /** Folder for what they write. */
  readonly folder: string;
}

/** Toolkits ready to be measured. */
export interface Peers extends AsyncDisposable {
  /** Names of their engines. */
  readonly engines: readonly string[];
  /** Largest difference of a probability from ONNX Runtime FP32, by engine. */
  readonly differences: Readonly<Record<string, number>>;
  /** Why a toolkit is absent, by toolkit. */
  readonly missing: Readonly<Record<string, string>>;
  /** Films a second. */
  measure(engine: string, milliseconds: number): Promise<number>;
}

/** Starts the toolkits that bench/peers/install.sh has installed; undefined when it has not been run. */
export async function openPeers(input: PeerInput): Promise<Peers | undefined> {
  if (!existsSync(PYTHON)) return undefined;
  const child = spawn(PYTHON, [resolve(FOLDER, 'peers.py')], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request: object): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('the toolkits ended');
    return JSON.parse(value);
  };
  const opened = (await ask({ op: 'open', ...input })) as Pick<Peers, 'engines' | 'differences' | 'missing'>;
  return {
    ...opened,
    measure: async (engine, milliseconds) => {
      const { rate } = (await ask({ op: 'measure', engine, seconds: milliseconds / 1000 })) as { rate: number };
      return rate;
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
