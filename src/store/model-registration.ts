/**
 * Registers model packages. A version that is registered stays what it is: what decides readings is as it was registered, and
 * other bytes are another version. What describes it (card, figures, provenance) follows the manifest of the process that
 * registered last: at its start, when it was asked, or when it looked at the folder before a move; nothing compares manifests at
 * other times.
 */
import { isDeepStrictEqual } from 'node:util';
import { GatewayError } from '../errors.ts';
import { appendAuditedChanges } from './audit/append.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import type { Prisma, Transaction } from './client.ts';
import type { Precision } from './generated/enums.ts';
import { createFirstThresholdSet } from './threshold-sets.ts';

/** A model package as it is registered. */
export interface ModelRegistration {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the ONNX file, hexadecimal. */
  readonly digest: string;
  readonly precision: Precision;
  readonly manifest: Prisma.InputJsonObject;
  readonly metrics: Prisma.InputJsonValue | undefined;
}

/** What became of a registration. */
export interface Registered {
  readonly id: string;
  /** CREATED: it is new. UPDATED: parts that describe it were. KNOWN: it was registered with this manifest. */
  readonly outcome: 'CREATED' | 'UPDATED' | 'KNOWN';
  /** Names of the updated parts of the manifest. */
  readonly changedParts: readonly string[];
}

/** Parts of a manifest that decide no reading. Engines are verified by digest, and each reading names the one that ran. */
const DESCRIBING: readonly string[] = [
  'alternatives',
  'card',
  'description',
  'file',
  'metrics',
  'provenance',
  'reference',
  'thresholdsOrigin',
];

/**
 * Registers a version, or brings the record of one with the same digest up to its manifest.
 *
 * @param reason - for the record, where somebody asked for it
 * @throws GatewayError MODEL_DIGEST_MISMATCH when the name and version are registered with other bytes, or the bytes under
 *   another name; MODEL_INVALID when the manifest has changed in what decides readings
 */
export async function registerModel(
  tx: Transaction,
  model: ModelRegistration,
  by: AuditActor,
  reason?: string,
): Promise<Registered> {
  const { metrics, ...columns } = model;
  const { name, version, digest } = model;
  const why = reason === undefined ? {} : { reason };
  // Of two processes that start together the second finds what the first has done.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('cxr-gateway model registration'))`;
  const [created] = await tx.modelVersion.createManyAndReturn({
    data: [metrics === undefined ? columns : { ...columns, metrics }],
    skipDuplicates: true,
    select: { id: true },
  });
  if (created !== undefined) {
    await createFirstThresholdSet(tx, created.id, model.manifest, by);
    await record(tx, 'CREATE', created.id, by, { name, version, digest, ...why });
    return { id: created.id, outcome: 'CREATED', changedParts: [] };
  }
  const found = await tx.modelVersion.findUnique({ where: { digest } });
  if (found?.name !== name || found.version !== version) {
    throw new GatewayError(
      'MODEL_DIGEST_MISMATCH',
      `${name}@${version} or its bytes are registered already with another digest or name.`,
    );
  }
  const { manifest, changedParts } = broughtUpTo(found, model.manifest);
  if (changedParts.length === 0) return { id: found.id, outcome: 'KNOWN', changedParts };
  await tx.modelVersion.update({
    where: { id: found.id },
    data: metrics === undefined ? { manifest } : { manifest, metrics },
  });
  await record(tx, 'UPDATE', found.id, by, { name, version, changedParts, ...why });
  return { id: found.id, outcome: 'UPDATED', changedParts };
}

async function record(
  tx: Transaction,
  action: 'CREATE' | 'UPDATE',
  modelVersionId: string,
  by: AuditActor,
  details: Readonly<Record<string, string | readonly string[]>>,
): Promise<void> {
  await appendAuditedChanges(tx, [{ type: 'MODEL_VERSION_CHANGED', modelVersionId }], by, [
    { action, modelVersionIds: [modelVersionId], details },
  ]);
}

type Json = Readonly<Record<string, unknown>>;

/** What is registered of a version. */
interface RegisteredManifest {
  readonly name: string;
  readonly version: string;
  readonly manifest: Prisma.JsonValue;
}

/**
 * The registered manifest with the describing parts of the one on disk, and which of them are others.
 *
 * @param now - as JSON can hold it
 * @throws GatewayError MODEL_INVALID when it has changed in what decides readings
 */
function broughtUpTo(
  { name, version, manifest: registered }: RegisteredManifest,
  now: Json,
): { readonly manifest: Prisma.InputJsonObject; readonly changedParts: readonly string[] } {
  const before = registered as Json;
  const parts = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  const differing = parts.filter((part) => !sameParts(part, before[part], now[part]));
  const deciding = differing.filter((part) => !DESCRIBING.includes(part));
  if (deciding.length > 0) {
    throw new GatewayError(
      'MODEL_INVALID',
      `${name}@${version} is registered with other ${deciding.join(', ')}, which decide what is read: ` +
        'give the manifest another version and register it as a new version of its own.',
    );
  }
  // Thresholds stay as registered, and so does what tells of their origin where the folder has others.
  const changedParts = isDeepStrictEqual(before.labels, now.labels)
    ? differing
    : differing.filter((part) => part !== 'thresholdsOrigin');
  const kept = Object.entries(before).filter(([part]) => !changedParts.includes(part));
  const taken = Object.entries(now).filter(([part]) => changedParts.includes(part));
  return { manifest: Object.fromEntries([...kept, ...taken]) as Prisma.InputJsonObject, changedParts };
}

/** Of labels only names and order count here: thresholds have sets of their own, which follow on the first. */
function sameParts(part: string, before: unknown, now: unknown): boolean {
  if (part !== 'labels') return isDeepStrictEqual(before, now);
  const namesOf = (labels: unknown) => (Array.isArray(labels) ? labels.map((label: Json) => label.name) : labels);
  return isDeepStrictEqual(namesOf(before), namesOf(now));
}
