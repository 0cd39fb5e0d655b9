/**
 * Writes a film's records and its first inferences: one transaction, so all of it exists or none. Who reads it is in
 * film-readers.ts; what a shadow reads is of priority BACKGROUND.
 */
import { GatewayError } from '../errors.ts';
import { appendAuditedChanges } from './audit/append.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import type { Prisma, PrismaClient, Transaction } from './client.ts';
import { readersOf } from './film-readers.ts';
import { changeOf } from './inference-state.ts';
import type { InstanceRecord, StoredInstance } from './instance-records.ts';
import { filePatient } from './patients.ts';
import type { InferenceQueue } from './queue.ts';
import { fileSeries, fileStudy } from './studies.ts';

/** Writes of films. */
export class InstanceStore {
  readonly #prisma: PrismaClient;
  readonly #queue: InferenceQueue;

  constructor(prisma: PrismaClient, queue: InferenceQueue) {
    this.#prisma = prisma;
    this.#queue = queue;
  }

  /**
   * The records of an already stored film.
   *
   * @returns undefined when the SOP Instance UID is unknown
   * @throws GatewayError INSTANCE_CONFLICT when it is stored with other bytes
   */
  async find(sopInstanceUid: string, sha256: string): Promise<StoredInstance | undefined> {
    return findStored(this.#prisma, sopInstanceUid, sha256);
  }

  /** What is stored under a SOP Instance UID, whatever its bytes; undefined when nothing is. */
  async storedFile(
    sopInstanceUid: string,
  ): Promise<{ readonly instanceId: string; readonly inferenceId: string; readonly blobKey: string } | undefined> {
    const instance = await this.#prisma.instance.findUnique({
      where: { sopInstanceUid },
      select: { id: true, blobKey: true, inferences: NEWEST_INFERENCE },
    });
    const inferenceId = instance?.inferences[0]?.id;
    if (instance === null || inferenceId === undefined) return undefined;
    return { instanceId: instance.id, inferenceId, blobKey: instance.blobKey };
  }

  /**
   * Records a film and enqueues its readings.
   *
   * @param keepBlob - makes the film itself durable; begins once the records take the film, so that one they refuse leaves no
   *   file, runs beside the other statements, and is awaited before the commit, so a record never points at a film that a
   *   power failure could take. Not called for a duplicate
   * @param by - who brings it
   * @throws GatewayError INSTANCE_CONFLICT, RECORD_CONFLICT, MODEL_NOT_ACTIVE, DATABASE_UNAVAILABLE, and what keepBlob throws
   */
  async record(record: InstanceRecord, keepBlob: () => Promise<void>, by: AuditActor): Promise<StoredInstance> {
    let kept: Promise<void> | undefined;
    const keep = () => {
      kept = keepBlob();
      kept.catch(() => {}); // thrown where it is awaited
    };
    try {
      return await this.#prisma.$transaction(async (tx) => {
        const stored = await this.#write(tx, record, by, keep);
        await kept;
        return stored;
      });
    } finally {
      // It does not go on behind the back of a caller whose other half failed.
      await Promise.allSettled([kept]);
    }
  }

  async #write(tx: Transaction, record: InstanceRecord, by: AuditActor, keep: () => void): Promise<StoredInstance> {
    const readers = await readersOf(tx, record);
    const { id: patientId, discrepancies } = await filePatient(tx, record.patient);
    const studyId = await fileStudy(tx, record.study, patientId);
    const seriesId = await fileSeries(tx, record.series, studyId);
    const [instance] = await tx.instance.createManyAndReturn({
      data: [
        {
          ...record.instance,
          eligibilityReasons: [...record.instance.eligibilityReasons],
          byteLength: BigInt(record.instance.byteLength),
          seriesId,
        },
      ],
      skipDuplicates: true,
      select: { id: true },
    });
    if (instance === undefined) {
      // Another request stored the same UID between our look and our insert.
      const stored = await findStored(tx, record.instance.sopInstanceUid, record.instance.sha256);
      if (stored !== undefined) return stored;
      throw new GatewayError('INTERNAL', 'An instance was neither inserted nor found.');
    }
    keep();
    if (discrepancies.length > 0) {
      await tx.patientDiscrepancy.createMany({
        data: discrepancies.map((discrepancy) => ({ ...discrepancy, patientId, instanceId: instance.id })),
      });
    }
    const keys = { instanceId: instance.id, studyId, patientId };
    const warnings = record.instance.eligibility === 'READ_WITH_WARNING' ? [...record.instance.eligibilityReasons] : [];
    const inferences = await tx.inference.createManyAndReturn({
      data: readers.map(({ modelVersionId, shadow }) => ({
        ...keys,
        modelVersionId,
        shadow,
        priority: shadow ? ('BACKGROUND' as const) : record.priority,
        warnings,
      })),
    });
    for (const inference of inferences) await this.#queue.enqueue(tx, inference);
    const clinical = inferences.find(({ shadow }) => !shadow);
    if (clinical === undefined) throw new GatewayError('INTERNAL', 'A film has no clinical reading.');
    const ids = { ...keys, modelVersionId: clinical.modelVersionId, inferenceId: clinical.id };
    await appendAuditedChanges(
      tx,
      [
        { type: 'INSTANCE_STORED', ...ids, priority: clinical.priority },
        ...inferences.map((inference) => changeOf('INFERENCE_QUEUED', inference)),
      ],
      by,
      [
        {
          action: 'CREATE',
          patientId,
          studyIds: [studyId],
          instanceIds: [instance.id],
          inferenceIds: inferences.map(({ id }) => id),
          modelVersionIds: inferences.map(({ modelVersionId }) => modelVersionId),
          ...detailsOf(record, discrepancies),
        },
      ],
    );
    return { instanceId: instance.id, inferenceId: clinical.id, duplicate: false };
  }
}

/** What the audit says of a film besides whose it is. */
function detailsOf({ node }: InstanceRecord, discrepancies: readonly { readonly attribute: string }[]) {
  const details = {
    ...(node === undefined ? {} : { node }),
    ...(discrepancies.length === 0 ? {} : { discrepancies: discrepancies.map(({ attribute }) => attribute) }),
  };
  return Object.keys(details).length === 0 ? {} : { details };
}

const NEWEST_INFERENCE = {
  select: { id: true },
  where: { shadow: false },
  orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  take: 1,
} satisfies Prisma.Instance$inferencesArgs;

async function findStored(
  tx: Transaction,
  sopInstanceUid: string,
  sha256: string,
): Promise<StoredInstance | undefined> {
  const instance = await tx.instance.findUnique({
    where: { sopInstanceUid },
    select: {
      id: true,
      sha256: true,
      inferences: NEWEST_INFERENCE,
    },
  });
  if (instance === null) return undefined;
  const inferenceId = instance.inferences[0]?.id;
  if (instance.sha256 !== sha256 || inferenceId === undefined) {
    throw new GatewayError('INSTANCE_CONFLICT', 'A film with this SOP Instance UID and other bytes is stored.', {
      sopInstanceUid,
    });
  }
  return { instanceId: instance.id, inferenceId, duplicate: true };
}
