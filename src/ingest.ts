/**
 * Bytes -> file -> header -> ONE transaction: records, inference and job. Success is answered after the commit.
 *
 * The film is synced while the records are written, put under its digest once they take it, and the commit waits for both. A film
 * that they refuse leaves no blob. If the process dies in between, the sender was not answered and sends again; what
 * stays behind is at worst a blob that no record names. It is not swept: the sender's next try makes it whole.
 */
import { Capacity } from './capacity.ts';
import type { Config } from './config.ts';
import type { FilmComparer } from './dicom/film-comparer.ts';
import type { HeaderReader } from './dicom/header-reader.ts';
import type { HeaderReading } from './dicom/header-worker.ts';
import { GatewayError, toGatewayError } from './errors.ts';
import type { Log } from './log.ts';
import type { AuditActor } from './store/audit/audit-entry.ts';
import type { BlobStore, StagedBlob } from './store/blobs.ts';
import type { Eligibility, Priority } from './store/generated/enums.ts';
import type { InstanceRecord, StoredInstance } from './store/instance-records.ts';
import type { InstanceStore } from './store/instances.ts';

/** Through which door a film comes. */
export interface IngestSource {
  readonly door: 'STOW_RS' | 'GRAPHQL' | 'C_STORE' | 'C_GET' | 'WADO_RS';
  /** Who brings it, for the audit. */
  readonly by: AuditActor;
  /** The configured node that it is fetched from, for the audit. */
  readonly node?: string;
  /** Overrides what the film's header says. */
  readonly priority?: Priority;
  /** The study that the sender named; a film of another one is refused. */
  readonly expectedStudyInstanceUid?: string;
  /** The SOP class and instance that the sender named; a film that is another one is refused. */
  readonly expectedSopClassUid?: string;
  readonly expectedSopInstanceUid?: string;
  /** Calling AE title of the association that brings it. */
  readonly callingAeTitle?: string;
  readonly signal?: AbortSignal;
}

/** A film that is stored and will be read. */
export interface IngestedInstance {
  readonly instanceId: string;
  readonly inferenceId: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  /** The same film was stored before, in these bytes or by another door; these are its records. */
  readonly duplicate: boolean;
  readonly eligibility: Eligibility;
  readonly reasons: readonly string[];
}

/** Takes films in. */
export interface Ingest {
  /**
   * Stores one Part 10 file.
   *
   * @param bytes - the file as it arrives; consumed with back-pressure
   * @throws GatewayError a film error, BUSY, STORAGE_FULL, INSTANCE_CONFLICT, RECORD_CONFLICT, STUDY_MISMATCH,
   *   INSTANCE_MISMATCH, MODEL_NOT_ACTIVE, DATABASE_UNAVAILABLE; details carry the SOP Instance and Class UID when they could be read
   */
  accept(bytes: AsyncIterable<Uint8Array>, source: IngestSource): Promise<IngestedInstance>;
}

/** What ingest needs. */
export interface FilmIngestOptions {
  readonly blobs: BlobStore;
  readonly headers: HeaderReader;
  readonly comparer: FilmComparer;
  readonly instances: InstanceStore;
  readonly maxConcurrent: number;
  readonly defaultIssuer: Config['defaultPatientIdIssuer'];
  readonly log: Log;
  /** Called once a film with how it ended; for metrics. */
  readonly onOutcome?: (
    door: IngestSource['door'],
    outcome: 'stored' | 'duplicate' | 'refused',
    milliseconds: number,
  ) => void;
}

/** The ingest of every door. */
export class FilmIngest implements Ingest {
  readonly #options: FilmIngestOptions;
  readonly #receiving: Capacity;

  constructor(options: FilmIngestOptions) {
    this.#options = options;
    const { maxConcurrent } = options;
    this.#receiving = new Capacity(maxConcurrent, `${maxConcurrent} films are being received already.`, 1);
  }

  accept(bytes: AsyncIterable<Uint8Array>, source: IngestSource): Promise<IngestedInstance> {
    return this.#receiving.hold(() => this.#accept(bytes, source));
  }

  async #accept(bytes: AsyncIterable<Uint8Array>, source: IngestSource): Promise<IngestedInstance> {
    const { blobs, log, onOutcome } = this.#options;
    const began = performance.now();
    try {
      const staged = await blobs.stage(bytes);
      const ingested = await this.#admit(staged, source).finally(() => blobs.discard(staged));
      const milliseconds = performance.now() - began;
      onOutcome?.(source.door, ingested.duplicate ? 'duplicate' : 'stored', milliseconds);
      log.info('ingest.stored', {
        door: source.door,
        instanceId: ingested.instanceId,
        inferenceId: ingested.inferenceId,
        bytes: staged.byteLength,
        state: ingested.eligibility,
        milliseconds,
      });
      return ingested;
    } catch (error) {
      const coded = toGatewayError(error);
      onOutcome?.(source.door, 'refused', performance.now() - began);
      log.warn('ingest.refused', { door: source.door, code: coded.code });
      if (coded.code === 'INTERNAL') log.error('ingest.failed', { door: source.door }, coded.cause ?? coded);
      throw coded;
    }
  }

  async #admit(staged: StagedBlob, source: IngestSource): Promise<IngestedInstance> {
    const { headers } = this.#options;
    const reading = await headers.read(staged.path, source.signal);
    const { sopInstanceUid, sopClassUid, studyInstanceUid, seriesInstanceUid } = reading.header;
    try {
      if (source.expectedStudyInstanceUid !== undefined && source.expectedStudyInstanceUid !== studyInstanceUid) {
        throw new GatewayError('STUDY_MISMATCH', 'The film belongs to another study than the one it was sent to.');
      }
      const { expectedSopClassUid = sopClassUid, expectedSopInstanceUid = sopInstanceUid } = source;
      if (expectedSopClassUid !== sopClassUid || expectedSopInstanceUid !== sopInstanceUid) {
        throw new GatewayError('INSTANCE_MISMATCH', 'The film is another SOP class or instance than it was sent as.');
      }
      const stored = await this.#store(staged, reading, source);
      const { verdict, reasons } = reading.eligibility;
      return {
        ...stored,
        sopInstanceUid,
        sopClassUid,
        studyInstanceUid,
        seriesInstanceUid,
        eligibility: verdict,
        reasons,
      };
    } catch (error) {
      throw toGatewayError(error).with({ sopInstanceUid, sopClassUid });
    }
  }

  /**
   * Finds or writes the records. One film may have several files: each door and sender writes its own meta information, some
   * write the data set anew. So files of other bytes are compared by what they hold before one is called a conflict.
   */
  async #store(staged: StagedBlob, reading: HeaderReading, source: IngestSource): Promise<StoredInstance> {
    const { blobs, instances, comparer } = this.#options;
    const { sopInstanceUid } = reading.header;
    try {
      const known = await instances.find(sopInstanceUid, staged.sha256);
      if (known === undefined) {
        const synced = blobs.sync(staged);
        synced.catch(() => {}); // thrown where it is awaited
        const keep = () => synced.then(() => blobs.place(staged));
        try {
          return await instances.record(this.#record(staged, reading, source), keep, source.by);
        } finally {
          await Promise.allSettled([synced]); // the file is not taken away under it
        }
      }
      // Success says that the film is here: one whose file was lost, as by a restore of the database alone, gets it back.
      if (!(await blobs.holds(staged.key, staged.byteLength))) await blobs.keep(staged);
      return known;
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'INSTANCE_CONFLICT') throw error;
      // The records have refused the film before it was put in its place.
      const other = await instances.storedFile(sopInstanceUid);
      if (other === undefined || !(await comparer.isSame(staged.path, blobs.path(other.blobKey)))) throw error;
      return { instanceId: other.instanceId, inferenceId: other.inferenceId, duplicate: true };
    }
  }

  #record(staged: StagedBlob, reading: HeaderReading, source: IngestSource): InstanceRecord {
    const { header, eligibility } = reading;
    const { patient, study, series, image } = header;
    return {
      patient: {
        // Two people without an ID must not become one: such a film is filed under its study.
        mrn: patient.id ?? `UNIDENTIFIED-${header.studyInstanceUid}`,
        issuer: patient.issuer ?? this.#options.defaultIssuer,
        name: patient.name,
        nameIdeographic: patient.nameIdeographic,
        namePhonetic: patient.namePhonetic,
        birthDate: patient.birthDate,
        sex: patient.sex,
      },
      study: { studyInstanceUid: header.studyInstanceUid, ...study },
      series: {
        seriesInstanceUid: header.seriesInstanceUid,
        modality: series.modality,
        bodyPart: series.bodyPart,
        viewPosition: series.viewPosition,
        description: series.description,
      },
      instance: {
        sopInstanceUid: header.sopInstanceUid,
        sopClassUid: header.sopClassUid,
        transferSyntaxUid: header.transferSyntaxUid,
        rows: image.rows,
        columns: image.columns,
        numberOfFrames: image.numberOfFrames,
        photometricInterpretation: image.photometricInterpretation,
        sha256: staged.sha256,
        byteLength: staged.byteLength,
        blobKey: staged.key,
        callingAeTitle: source.callingAeTitle ?? null,
        eligibility: eligibility.verdict,
        eligibilityReasons: eligibility.reasons,
      },
      ...(source.node === undefined ? {} : { node: source.node }),
      priority: source.priority ?? header.priority,
      sources: [source.door, ...(source.callingAeTitle === undefined ? [] : [source.callingAeTitle])],
    };
  }
}
