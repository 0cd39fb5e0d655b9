/** Makes the graphs of a model folder again from its weights and calibration: byte for byte the same, or not at all. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { assertDigest } from '../assert-digest.ts';
import { parseCalibration } from '../compile/calibration.ts';
import { type Engine, enginesOf } from '../engine.ts';
import { readManifest } from '../registry.ts';
import { MANIFEST_FILE } from '../serving-manifest.ts';
import { CALIBRATION_FILE } from './compile-folder.ts';
import { digestOf, makeGraph } from './engine-files.ts';
import { replaceFile } from './replace-file.ts';
import { netOf } from './weights.ts';

/**
 * Rebuilds every graph that the manifest names. Nothing is written unless all of them have the digests that it gives.
 *
 * @returns what was written
 * @throws GatewayError MODEL_INVALID, MODEL_DIGEST_MISMATCH
 */
export async function rebuildFolder(directory: string): Promise<readonly Engine[]> {
  const folder = basename(directory);
  const manifest = await readManifest(directory);
  if (manifest === null) throw new GatewayError('MODEL_INVALID', `${folder} holds no ${MANIFEST_FILE}.`);
  const net = await netOf(directory);
  const engines = enginesOf(manifest);
  const calibration = engines.some(({ precision }) => precision === 'INT8')
    ? parseCalibration(await readCalibration(directory, folder), net)
    : null;
  const graphs = engines.map((engine) => ({ engine, graph: makeGraph(engine, net, calibration, manifest) }));
  for (const { engine, graph } of graphs) assertDigest(digestOf(graph), engine.digest, folder, engine.file);
  for (const { engine, graph } of graphs) await replaceFile(join(directory, engine.file), graph);
  return engines;
}

async function readCalibration(directory: string, folder: string): Promise<string> {
  return readFile(join(directory, CALIBRATION_FILE), 'utf8').catch((cause: unknown) => {
    throw new GatewayError('MODEL_INVALID', `${folder}: ${CALIBRATION_FILE} cannot be read.`, {}, { cause });
  });
}
