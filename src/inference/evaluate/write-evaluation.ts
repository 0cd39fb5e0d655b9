/** Puts an evaluation into a model's folder: JSON, pictures, card, manifest. */
import { join } from 'node:path';
import type { ModelManifest } from '../manifest.ts';
import { replaceCard } from '../model-card/write-card.ts';
import { replaceFile, toJson } from '../model-folder/replace-file.ts';
import { MANIFEST_FILE } from '../serving-manifest.ts';
import { EVALUATION_FILE, type Evaluation, RELIABILITY_FILE, ROC_FILE } from './evaluation.ts';
import { withMetrics } from './manifest-metrics.ts';
import { drawReliability, drawRoc } from './plots/figures.ts';

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
  const measured = withMetrics(manifest, evaluation);
  const files: readonly (readonly [string, string])[] = [
    [EVALUATION_FILE, toJson(evaluation)],
    [ROC_FILE, drawRoc(evaluation)],
    [RELIABILITY_FILE, drawReliability(evaluation)],
  ];
  for (const [file, content] of files) await replaceFile(join(directory, file), content);
  const cards = await replaceCard(directory, measured, evaluation);
  await replaceFile(join(directory, MANIFEST_FILE), toJson(measured));
  return [...files.map(([file]) => file), ...cards, MANIFEST_FILE];
}
