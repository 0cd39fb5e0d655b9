/**
 * Writes a film's records and its first inferences: one transaction, so all of it exists or none.
 *
 * One inference is clinical: of the canary, when the film is of its share or sources, else of the active version. Each SHADOW
 * version gets one besides, of priority BACKGROUND, whose findings stay apart. The versions are those of the moment; a move
 * afterwards changes nothing of what is queued.
 */
import { GatewayError } from '../errors.ts';
import { appendAuditedChanges } from './audit/append.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import { goesToCanary } from './canary.ts';
import type { Prisma, PrismaClient, Transaction } from './client.ts';
import type { Eligibility, Priority } from './generated/enums.ts';
import { changeOf } from './inference-state.ts';
import { filePatient, type PatientRecord } from './patients.ts';
import type { InferenceQueue } from './queue.ts';

/** What is recorded of a film. */
export interface InstanceRecord {
  readonly patient: PatientRecord;
  readonly study: {
    readonly studyInstanceUid: string;
    readonly accessionNumber: string | null;
    /** ISO 8601. */
    readonly date: string | null;
    readonly description: string | null;
  };
  readonly series: {
    readonly seriesInstanceUid: string;
    readonly modality: string | null;
    readonly bodyPart: string | null;
    readonly viewPosition: string | null;
    readonly description: string | null;
  };
  readonly instance: {
    readonly sopInstanceUid: string;
    readonly sopClassUid: string;
    readonly transferSyntaxUid: string;
    readonly rows: number;
    readonly columns: number;
    /** More than 1: the first is read. */
    readonly numberOfFrames: number;
    readonly photometricInterpretation: string;
    readonly sha256: string;
    readonly byteLength: number;
    readonly blobKey: string;
    /** Of the association that brought it; null for the other doors. */
    readonly callingAeTitle?: string | null;
    readonly eligibility: Eligibility;
    readonly eligibilityReasons: readonly string[];
  };
  readonly priority: Priority;
  /** What names its source to a canary: calling AE title, door. */
  readonly sources?: readonly string[];
  /** Name of the node that it was fetched from, for the audit. */
  readonly node?: string;
}

/** The records of a film that is stored. */
export interface StoredInstance {
  readonly instanceId: string;
  /** The newest clinical one. */
  readonly inferenceId: string;
  /** It was stored before, with the same bytes. */
  readonly duplicate: boolean;
}

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
   * @param keepBlob - makes the film itself durable; runs beside the statements and is awaited before the commit, so a record
   *   never points at a film that a power failure could take
   * @param by - who brings it
   * @throws GatewayError INSTANCE_CONFLICT, RECORD_CONFLICT, MODEL_NOT_ACTIVE, DATABASE_UNAVAILABLE, and what keepBlob throws
   */
  async record(record: InstanceRecord, keepBlob: () => Promise<void>, by: AuditActor): Promise<StoredInstance> {
    const kept = keepBlob();
    const written = this.#prisma.$transaction(async (tx) => {
      const stored = await this.#write(tx, record, by);
      await kept;
      return stored;
    });
    // Neither goes on behind the back of a caller whose other half failed.
    await Promise.allSettled([kept, written]);
    return written;
  }

  async #write(tx: Transaction, record: InstanceRecord, by: AuditActor): Promise<StoredInstance> {
    const readers = await readersOf(tx, record);
    const { id: patientId, discrepancies } = await filePatient(tx, record.patient);
    const studyId = await ensureStudy(tx, record.study, patientId);
    const seriesId = await ensureSeries(tx, record.series, studyId);
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
    for (const { id, priority } of inferences) await this.#queue.enqueue(tx, id, priority);
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

/** A model version that reads a new film. */
interface Reading {
  readonly modelVersionId: string;
  readonly shadow: boolean;
}

/**
 * Who reads a new film: the clinical version first, then the shadows.
 *
 * @throws GatewayError MODEL_NOT_ACTIVE
 */
async function readersOf(tx: Transaction, { study, sources = [] }: InstanceRecord): Promise<readonly Reading[]> {
  const versions = await tx.modelVersion.findMany({
    where: { state: { in: ['ACTIVE', 'CANARY', 'SHADOW'] } },
    select: { id: true, state: true, canaryShare: true, canarySources: true },
  });
  const active = versions.find(({ state }) => state === 'ACTIVE');
  if (active === undefined) {
    throw new GatewayError('MODEL_NOT_ACTIVE', 'No model version is active, so films cannot be read.');
  }
  const canary = versions.find(({ state }) => state === 'CANARY');
  const taken = canary !== undefined && goesToCanary(canary, study.studyInstanceUid, sources);
  const shadows = versions.filter(({ state }) => state === 'SHADOW');
  return [
    { modelVersionId: (taken ? canary : active).id, shadow: false },
    ...shadows.map(({ id }) => ({ modelVersionId: id, shadow: true })),
  ];
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

/*
 * Insert-or-find without overwriting, as in patients.ts. ON CONFLICT DO NOTHING waits for a concurrent
 * insert of the same key to commit, so the following find always succeeds. All transactions lock in the order patient,
 * study, series, instance, so they cannot deadlock.
 */

async function ensureStudy(tx: Transaction, study: InstanceRecord['study'], patientId: string): Promise<string> {
  const { studyInstanceUid, accessionNumber, description } = study;
  const studyDate = study.date === null ? null : new Date(study.date);
  const data = { studyInstanceUid, accessionNumber, description, studyDate, patientId };
  const [created] = await tx.study.createManyAndReturn({ data: [data], skipDuplicates: true, select: { id: true } });
  if (created !== undefined) return created.id;
  const found = await tx.study.findUniqueOrThrow({
    where: { studyInstanceUid },
    select: { id: true, patientId: true },
  });
  if (found.patientId !== patientId) {
    throw new GatewayError('RECORD_CONFLICT', 'The Study Instance UID is stored under another patient.');
  }
  return found.id;
}

async function ensureSeries(tx: Transaction, series: InstanceRecord['series'], studyId: string): Promise<string> {
  const { seriesInstanceUid } = series;
  const [created] = await tx.series.createManyAndReturn({
    data: [{ ...series, studyId }],
    skipDuplicates: true,
    select: { id: true },
  });
  if (created !== undefined) return created.id;
  const found = await tx.series.findUniqueOrThrow({
    where: { seriesInstanceUid },
    select: { id: true, studyId: true },
  });
  if (found.studyId !== studyId) {
    throw new GatewayError('RECORD_CONFLICT', 'The Series Instance UID is stored under another study.');
  }
  return found.id;
}
