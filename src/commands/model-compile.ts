/** `model compile` and `model rebuild`: the graphs of a model folder. */
import { loadConfig } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { passesOf } from '../inference/compile/calibrate.ts';
import type { RangeMethod } from '../inference/compile/calibration.ts';
import { describeEngine, type Engine } from '../inference/engine.ts';
import { compileFolder } from '../inference/model-folder/compile-folder.ts';
import { rebuildFolder } from '../inference/model-folder/rebuild-folder.ts';
import { findFolder } from './find-folder.ts';
import { note, print } from './output.ts';
import { Progress } from './progress.ts';

/** Options of the command line. */
export interface CompileCommand {
  readonly films?: string;
  readonly calibration?: string;
  readonly method: RangeMethod;
  readonly height?: number;
  readonly width?: number;
  readonly reduceRange?: boolean;
  /** False: the FP32 graph is taken out of the folder. */
  readonly float: boolean;
}

/** Calibrates on films, or takes a calibration made before, and writes the INT8 graphs. @throws GatewayError as compileFolder */
export async function runCompile(named: string, command: CompileCommand): Promise<void> {
  const { films, calibration, method, height, width } = command;
  const source = calibration === undefined ? (films === undefined ? null : { films }) : { calibration };
  if (source === null || (films !== undefined && calibration !== undefined)) {
    throw new GatewayError('BAD_REQUEST', 'Give either --films or --calibration.');
  }
  const config = loadConfig();
  const { directory } = await findFolder(named, config.modelsDirectory);
  const progress = new Progress('calibrating', passesOf(method) === 1 ? 'films' : 'readings, two of each film');
  const compiled = await compileFolder({
    directory,
    source,
    method,
    height,
    width,
    reduceRange: command.reduceRange === true,
    keepFloat: command.float,
    threads: config.inference.threads,
    limits: config.film,
    onFailure: (file, error) => progress.line(`not read: ${file}: ${error.code}: ${error.message}`),
    onProgress: (done, total) => progress.update(done, total),
  }).finally(() => progress.end());
  if (compiled.calibration.warning !== null) note(`Warning: ${compiled.calibration.warning}`);
  print(`${directory}: calibrated on ${compiled.calibration.films} images (${compiled.calibration.method})`);
  printEngines(compiled.engines);
}

/** Rebuilds the graphs from weights and calibration. @throws GatewayError as rebuildFolder */
export async function runRebuild(named: string): Promise<void> {
  const { directory } = await findFolder(named, loadConfig().modelsDirectory);
  const engines = await rebuildFolder(directory);
  print(`${directory}: rebuilt, byte for byte as the manifest says`);
  printEngines(engines);
}

function printEngines(engines: readonly Engine[]): void {
  for (const engine of engines) print(`  ${engine.digest}  ${engine.file}  ${describeEngine(engine)}`);
}
