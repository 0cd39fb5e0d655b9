/** Reads the weights of a net from whichever kind of checkpoint a file is. */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { isSafetensors, readSafetensors } from './safetensors.ts';
import { invalid, type StateDict } from './state-dict.ts';
import { isTorchLegacy, readTorchLegacy } from './torch-legacy.ts';
import { isTorchZip, readTorchZip } from './torch-zip.ts';

/** Kind of a file of weights. */
export type CheckpointKind = 'safetensors' | 'torch-zip' | 'torch-legacy';

/** DenseNet-121 has 32 MB; with an optimiser's state 100 MB. */
export const MAXIMUM_CHECKPOINT_BYTES = 2 ** 30;

const HDF5_MAGIC = '\x89HDF\r\n';

/**
 * The weights in a file.
 *
 * @throws GatewayError MODEL_INVALID when the file cannot be read or is no checkpoint of a known kind
 */
export async function readCheckpoint(path: string): Promise<StateDict> {
  return parseCheckpoint(await readBounded(path), basename(path));
}

/**
 * A whole file.
 *
 * @throws GatewayError MODEL_INVALID when there is none or it is larger than {@link MAXIMUM_CHECKPOINT_BYTES}
 */
export async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size <= MAXIMUM_CHECKPOINT_BYTES) return await readFile(path);
  } catch (cause) {
    throw invalid(`${basename(path)} cannot be opened`, cause);
  }
  throw invalid(`${basename(path)} is larger than ${MAXIMUM_CHECKPOINT_BYTES} bytes`);
}

/** What the first bytes say; null when they are of no checkpoint. */
export function checkpointKind(bytes: Uint8Array): CheckpointKind | null {
  if (isTorchZip(bytes)) return 'torch-zip';
  if (isTorchLegacy(bytes)) return 'torch-legacy';
  return isSafetensors(bytes) ? 'safetensors' : null;
}

/**
 * The weights in a file's bytes.
 *
 * @param name - of the file, for messages
 * @throws GatewayError MODEL_INVALID
 */
export function parseCheckpoint(bytes: Uint8Array, name: string): StateDict {
  switch (checkpointKind(bytes)) {
    case 'torch-zip':
      return readTorchZip(bytes);
    case 'torch-legacy':
      return readTorchLegacy(bytes);
    case 'safetensors':
      return readSafetensors(bytes);
    case null:
      throw invalid(`${name} is ${describe(bytes)}`);
  }
}

function describe(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 6)).toString('latin1');
  if (start === HDF5_MAGIC) return 'HDF5, as Keras writes it. Export the model to ONNX with tf2onnx';
  return 'neither safetensors nor a PyTorch checkpoint (zip, or the legacy format of 2017)';
}
