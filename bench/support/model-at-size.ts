/**
 * The shipped model compiled for another input size, for measurements only: CheXNet's own size is 224 x 224, the
 * demonstration model was trained at 128 x 128. The weights are the same, so the speed is CheXNet's and the findings are
 * worth nothing.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCalibration } from '../../src/inference/compile/calibration.ts';
import type { ModelManifest } from '../../src/inference/manifest.ts';
import { writeCard } from '../../src/inference/model-card/write-card.ts';
import { CALIBRATION_FILE } from '../../src/inference/model-folder/compile-folder.ts';
import { digestOf, makeGraph } from '../../src/inference/model-folder/engine-files.ts';
import { netOf } from '../../src/inference/model-folder/weights.ts';
import type { ModelPackage } from '../../src/inference/registry.ts';
import { MANIFEST_FILE } from '../../src/inference/serving-manifest.ts';

/**
 * Compiles a model with weights and calibration for size x size pixels, into a folder that holds the INT8 graph alone.
 *
 * @param size - side of the input in pixels, a multiple of 32
 * @param directory - folder to write, made if need be
 * @throws GatewayError MODEL_INVALID when the folder lacks weights or calibration
 */
export async function writeModelAtSize(source: ModelPackage, size: number, directory: string): Promise<ModelPackage> {
  const net = await netOf(source.directory);
  const calibration = parseCalibration(await readFile(join(source.directory, CALIBRATION_FILE), 'utf8'), net);
  const { alternatives: _, ...shared } = source.manifest;
  const resized = { ...shared, input: { ...shared.input, height: size, width: size } };
  const graph = makeGraph({ precision: 'INT8', weightBits: 8 }, net, calibration, resized);
  const digest = digestOf(graph);
  const manifest: ModelManifest = {
    ...resized,
    version: `${shared.version}-${size}`,
    description: `${shared.description} Compiled for ${size} x ${size}, for measurements of speed.`,
    sha256: digest,
    thresholdsOrigin: { ...shared.thresholdsOrigin, operatingPoints: {} },
    // Of the shipped graph; without any, a gateway would not use it.
    metrics: shared.metrics,
  };
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, manifest.file), graph);
  await writeFile(join(directory, MANIFEST_FILE), JSON.stringify(manifest, null, 2));
  await writeCard(directory);
  return { manifest, directory, digest };
}
