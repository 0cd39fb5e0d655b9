/** The net of a model folder, out of its weights: what everything else in the folder is made from. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { readCheckpoint } from '../compile/checkpoint/read-checkpoint.ts';
import type { DenseNet } from '../compile/dense-net.ts';
import { netFromStateDict } from '../compile/extract/from-state-dict.ts';
import { WEIGHTS_FILE } from '../compile/import-model.ts';

/**
 * The net of a model folder.
 *
 * @returns null when the folder holds no weights
 * @throws GatewayError MODEL_INVALID when the weights are not those of a DenseNet-121
 */
export async function findNet(directory: string): Promise<DenseNet | null> {
  const path = join(directory, WEIGHTS_FILE);
  const present = await access(path).then(
    () => true,
    () => false,
  );
  return present ? netFromStateDict(await readCheckpoint(path)) : null;
}

/** As {@link findNet}. @throws GatewayError MODEL_INVALID also when the folder holds no weights */
export async function netOf(directory: string): Promise<DenseNet> {
  const net = await findNet(directory);
  if (net === null) throw new GatewayError('MODEL_INVALID', `${directory} holds no ${WEIGHTS_FILE}: import the model.`);
  return net;
}
