/** What a model version must have before it may be used, beside bytes that run: figures, and a card that explains it. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_FILE } from './manifest.ts';
import { type ModelPackage, openModelPackage } from './registry.ts';

const CARD_FILE = 'MODEL_CARD.md';

/**
 * What a package lacks, for people; empty when nothing.
 *
 * @param model - as its manifest is now
 */
export async function missingParts({ manifest, directory }: ModelPackage): Promise<readonly string[]> {
  const missing: string[] = [];
  if (manifest.metrics.length === 0)
    missing.push(`metrics in ${MANIFEST_FILE} (cxr-gateway model evaluate writes them)`);
  const hasCard = await access(join(directory, CARD_FILE)).then(
    () => true,
    () => false,
  );
  if (!hasCard) missing.push(`a model card (${CARD_FILE})`);
  return missing;
}

/**
 * Looks at a package anew: hashes its files against its manifest, and tells what it lacks.
 *
 * @throws GatewayError MODEL_INVALID, MODEL_DIGEST_MISMATCH naming the file
 */
export async function verifyPackage({ directory, digest }: ModelPackage): Promise<readonly string[]> {
  const found = await openModelPackage(directory);
  if (found === null) return [`its folder ${directory}`];
  if (found.digest !== digest) return [`the bytes that are registered: its folder names others now (${found.digest})`];
  return missingParts(found);
}
