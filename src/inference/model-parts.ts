/** What a model version must have before it may be used, beside bytes that run: figures, and a card that explains it. */
import { basename } from 'node:path';
import { GatewayError } from '../errors.ts';
import { assertDigest } from './assert-digest.ts';
import type { ModelManifest } from './manifest.ts';
import { CARD_FILE, cardKind } from './model-card/card-markdown.ts';
import { cardOf, numbered } from './model-card/model-card.ts';
import type { CardKey } from './model-card/source-attributes.ts';
import { readCard } from './model-card/write-card.ts';
import { type ModelPackage, openModelPackage } from './registry.ts';
import { MANIFEST_FILE } from './serving-manifest.ts';

/**
 * Attributes without which nobody can tell what an answer means or when to ask: whom to ask, what comes out, for what, whom and in
 * which role, where not, and on what it was trained. The others may be missing, and are then shown as missing.
 */
const REQUIRED: readonly CardKey[] = [
  ...(['developer', 'output', 'outputKind', 'intendedUse', 'intendedPopulation', 'intendedUsers'] as const),
  ...(['decisionRole', 'cautionedUse', 'knownRisks', 'trainingDataCriteria'] as const),
];

const HOW = 'cxr-gateway model card';

/**
 * What a package lacks, for people; empty when nothing.
 *
 * @param model - as its manifest is now
 * @throws GatewayError MODEL_INVALID when its card cannot be read
 */
export async function missingParts({ manifest, directory }: ModelPackage): Promise<readonly string[]> {
  const missing: string[] = [];
  if (manifest.metrics.length === 0)
    missing.push(`metrics in ${MANIFEST_FILE} (cxr-gateway model evaluate writes them)`);
  return [...missing, ...missingAttributes(manifest), ...missingCard(await readCard(directory), manifest)];
}

function missingAttributes(manifest: ModelManifest): string[] {
  const attributes = cardOf(manifest)
    .headings.flatMap(({ attributes }) => attributes)
    .filter(({ key, value }) => value === null && REQUIRED.some((required) => required === key))
    .map((attribute) => `${attribute.key} (${numbered(attribute)})`);
  if (attributes.length === 0) return [];
  return [`in \`card\` of ${MANIFEST_FILE}: ${attributes.join(', ')} (state them there, then run ${HOW})`];
}

/**
 * What is wrong with MODEL_CARD.md. It must have been made from the manifest as it is now, but not by this release: a new layout of
 * cards must not stand against a version.
 */
function missingCard(text: string | null, manifest: ModelManifest): string[] {
  if (text === null) return [`a model card, ${CARD_FILE} (${HOW} writes it)`];
  if (cardKind(text, manifest) === 'CURRENT') return [];
  return [`a ${CARD_FILE} that is made from ${MANIFEST_FILE} as it is now (run ${HOW})`];
}

/**
 * Opens a package anew: reads its manifest again and hashes its files against it.
 *
 * @throws GatewayError MODEL_UNAVAILABLE when its folder holds no manifest any more, MODEL_DIGEST_MISMATCH when the files are not
 *   those of the manifest, or no more those that the package had; MODEL_INVALID
 */
export async function reopenPackage({ directory, digest }: ModelPackage): Promise<ModelPackage> {
  const model = await openModelPackage(directory);
  if (model === null) {
    throw new GatewayError('MODEL_UNAVAILABLE', `The folder ${directory} holds no manifest any more.`);
  }
  assertDigest(model.digest, digest, basename(directory), model.manifest.file);
  return model;
}
