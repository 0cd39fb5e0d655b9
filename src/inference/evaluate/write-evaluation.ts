/** Puts an evaluation into a model's folder: JSON, pictures, manifest, card. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { MANIFEST_FILE, type ModelManifest } from '../manifest.ts';
import { replaceFile, toJson } from '../model-folder/replace-file.ts';
import { emptyCard, RELIABILITY_FILE, ROC_FILE, withEvaluation } from './card.ts';
import type { Evaluation } from './evaluation.ts';
import { withMetrics } from './manifest-metrics.ts';
import { drawReliability, drawRoc } from './plots/figures.ts';

/** The evaluation, complete. */
export const EVALUATION_FILE = 'evaluation.json';
const CARD_FILE = 'MODEL_CARD.md';

/**
 * Writes the evaluation and everything that follows from it; the manifest last, when all it speaks of is there.
 *
 * @param manifest - as it is in the folder now
 * @returns paths within the folder of what was written
 * @throws GatewayError MODEL_INVALID, also when the folder cannot be written
 */
export async function writeEvaluation(
  directory: string,
  manifest: ModelManifest,
  evaluation: Evaluation,
): Promise<string[]> {
  const card = (await readCard(directory)) ?? emptyCard(evaluation);
  const files: readonly (readonly [string, string])[] = [
    [EVALUATION_FILE, toJson(evaluation)],
    [ROC_FILE, drawRoc(evaluation)],
    [RELIABILITY_FILE, drawReliability(evaluation)],
    [CARD_FILE, withEvaluation(card, evaluation)],
    [MANIFEST_FILE, toJson(withMetrics(manifest, evaluation))],
  ];
  for (const [file, content] of files) await replaceFile(join(directory, file), content);
  return files.map(([file]) => file);
}

async function readCard(directory: string): Promise<string | null> {
  try {
    return await readFile(join(directory, CARD_FILE), 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new GatewayError('MODEL_INVALID', `${CARD_FILE} cannot be read.`, {}, { cause });
  }
}
