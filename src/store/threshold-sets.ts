/**
 * The thresholds of model versions, as numbered sets that nothing changes or removes. A reading applies the newest set of its
 * version at the claim; findings keep the threshold that they were judged by.
 */
import { GatewayError } from '../errors.ts';
import { appendAuditedChanges } from './audit/append.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import type { Prisma, Transaction } from './client.ts';
import type { ThresholdSet } from './generated/client.ts';
import { checkedReason } from './model-state.ts';

/** Least probability that counts as positive, 0 to 1, by label. */
export type Thresholds = Readonly<Record<string, number>>;

/** A set to be appended. */
export interface NewThresholdSet {
  readonly modelVersionId: string;
  /** Labels that are not named keep what they have in the newest set. */
  readonly thresholds: Thresholds;
  /** How they were chosen, for people. */
  readonly method: string;
  /** 1 to 2,000 characters. */
  readonly reason: string;
  readonly by: AuditActor;
}

/**
 * Appends a set within the caller's transaction; readings that are claimed from its commit on apply it, on every process.
 *
 * @returns its number
 * @throws GatewayError as {@link checkThresholdSet}
 */
export async function appendThresholdSet(tx: Transaction, set: NewThresholdSet): Promise<number> {
  const { modelVersionId, method, by } = set;
  const { before, newest, reason } = await checkThresholdSet(tx, set);
  const version = newest + 1;
  const thresholds = { ...before, ...set.thresholds };
  await tx.thresholdSet.create({
    data: { modelVersionId, version, thresholds, method, reason, createdBy: by.subject, createdByName: by.displayName },
  });
  const changed = Object.keys(thresholds).filter((label) => thresholds[label] !== before[label]);
  const details = { thresholdSetVersion: version, method, changedLabels: changed };
  await appendAuditedChanges(tx, [{ type: 'MODEL_VERSION_CHANGED', modelVersionId }], by, [
    { action: 'UPDATE', modelVersionIds: [modelVersionId], details },
  ]);
  return version;
}

/** What a new set follows on. */
interface Checked {
  /** The thresholds in force. */
  readonly before: Thresholds;
  /** Number of the newest set; 0: there is none. */
  readonly newest: number;
  /** Without spaces around it. */
  readonly reason: string;
}

/**
 * Makes sure that a set could be appended. Until the transaction ends no other set of the version is.
 *
 * @throws GatewayError NOT_FOUND; BAD_REQUEST for a label that the model has not, a threshold outside 0 to 1, without any
 *   threshold, or without a reason
 */
export async function checkThresholdSet(
  tx: Transaction,
  set: Pick<NewThresholdSet, 'modelVersionId' | 'thresholds' | 'reason'>,
): Promise<Checked> {
  const { modelVersionId } = set;
  const reason = checkedReason(set.reason);
  // The next number is that of the newest set and one.
  await lockThresholds(tx, modelVersionId);
  const model = await tx.modelVersion.findUnique({ where: { id: modelVersionId }, select: { manifest: true } });
  if (model === null) throw new GatewayError('NOT_FOUND', 'There is no such model version.');
  const newest = await tx.thresholdSet.findFirst({ where: { modelVersionId }, orderBy: { version: 'desc' } });
  const before = { ...thresholdsOfManifest(model.manifest), ...(newest === null ? {} : thresholdsOf(newest)) };
  requireThresholds(set.thresholds, Object.keys(before));
  return { before, newest: newest?.version ?? 0, reason };
}

/** The first set of a version, from its manifest; within the transaction that registers it. */
export async function createFirstThresholdSet(
  tx: Transaction,
  modelVersionId: string,
  manifest: Prisma.InputJsonObject,
  by: AuditActor,
): Promise<void> {
  const { thresholdsOrigin } = manifest as { readonly thresholdsOrigin?: { readonly method?: unknown } };
  const method = thresholdsOrigin?.method;
  await tx.thresholdSet.create({
    data: {
      modelVersionId,
      version: 1,
      thresholds: thresholdsOfManifest(manifest),
      method: typeof method === 'string' ? method : 'As the manifest says.',
      reason: 'Registered with the version.',
      createdBy: by.subject,
      createdByName: by.displayName,
    },
  });
}

/** The thresholds of a stored set. Only {@link appendThresholdSet} and {@link createFirstThresholdSet} write the column. */
export function thresholdsOf({ thresholds }: Pick<ThresholdSet, 'thresholds'>): Thresholds {
  return thresholds as Thresholds;
}

/** Manifests are checked before they are registered; what is none has no thresholds. */
function thresholdsOfManifest(manifest: unknown): Record<string, number> {
  const { labels } = (manifest ?? {}) as { readonly labels?: unknown };
  if (!Array.isArray(labels)) return {};
  const entries = labels as readonly { readonly name: string; readonly threshold: number }[];
  return Object.fromEntries(entries.map(({ name, threshold }) => [name, threshold]));
}

function requireThresholds(thresholds: Thresholds, labels: readonly string[]): void {
  const entries = Object.entries(thresholds);
  if (entries.length === 0) throw new GatewayError('BAD_REQUEST', 'At least one threshold is required.');
  for (const [label, threshold] of entries) {
    if (!labels.includes(label)) throw new GatewayError('BAD_REQUEST', 'The model has no label of that name.');
    // Written so that NaN fails it too.
    if (!(threshold >= 0 && threshold <= 1)) {
      throw new GatewayError('BAD_REQUEST', `The threshold of ${label} must lie within 0 and 1.`);
    }
  }
}

/** No other set of the version is appended, and no move of it requested, until the transaction ends. */
export async function lockThresholds(tx: Transaction, modelVersionId: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('cxr-gateway thresholds'), hashtext(${modelVersionId}))`;
}
