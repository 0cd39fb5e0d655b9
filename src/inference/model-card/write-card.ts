/** MODEL_CARD.md in a model folder. */
import { basename, join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import type { Evaluation } from '../evaluate/evaluation.ts';
import { readEvaluation } from '../evaluate/read-evaluation.ts';
import type { ModelManifest } from '../manifest.ts';
import { readText } from '../model-folder/read-text.ts';
import { replaceFile } from '../model-folder/replace-file.ts';
import { readManifest } from '../registry.ts';
import { MANIFEST_FILE } from '../serving-manifest.ts';
import { CARD_FILE, cardKind, cardMarkdown } from './card-markdown.ts';
import { cardOf, type ModelCard } from './model-card.ts';

/** Where the last card written by people is kept when the made one takes its place. */
export const HANDWRITTEN_CARD_FILE = 'MODEL_CARD.handwritten.md';

/** What was written. */
export interface WrittenCard {
  readonly card: ModelCard;
  /** Names of the files within the folder; the card last. */
  readonly files: readonly string[];
}

/**
 * Makes the card of a folder from its manifest and evaluation. A card that people wrote is kept beside it; a later one of theirs
 * takes its place.
 *
 * @throws GatewayError MODEL_INVALID without a manifest, or when something cannot be read or written
 */
export async function writeCard(directory: string): Promise<WrittenCard> {
  const manifest = await readManifest(directory);
  if (manifest === null) {
    throw new GatewayError('MODEL_INVALID', `${basename(directory)} holds no ${MANIFEST_FILE}.`);
  }
  const files = await replaceCard(directory, manifest, await readEvaluation(directory));
  return { card: cardOf(manifest), files };
}

/**
 * As {@link writeCard}, of a manifest that is about to be written.
 *
 * @returns names of the files written
 */
export async function replaceCard(
  directory: string,
  manifest: ModelManifest,
  evaluation: Evaluation | null,
): Promise<string[]> {
  const before = await readCard(directory);
  const files = [CARD_FILE];
  if (before !== null && cardKind(before, manifest) === 'HANDWRITTEN') {
    await replaceFile(join(directory, HANDWRITTEN_CARD_FILE), before);
    files.unshift(HANDWRITTEN_CARD_FILE);
  }
  await replaceFile(join(directory, CARD_FILE), cardMarkdown(manifest, evaluation));
  return files;
}

/** The card of a folder; null when it has none. @throws GatewayError MODEL_INVALID when it cannot be read */
export async function readCard(directory: string): Promise<string | null> {
  try {
    return await readText(join(directory, CARD_FILE));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new GatewayError('MODEL_INVALID', `${basename(directory)}/${CARD_FILE} cannot be read.`, {}, { cause });
  }
}
