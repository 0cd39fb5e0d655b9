/** The result of a storage commitment request (PS3.4 section J.3.3), as it is now. */
import type { AcceptedContext } from '../dicom/network/association.ts';
import { COMMAND, type CommandSet } from '../dicom/network/command-set.ts';
import {
  COMMITMENT_EVENTS,
  type CommitmentReport,
  encodeCommitmentReport,
} from '../dicom/network/storage-commitment.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts';
import type { BlobStore } from '../store/blobs.ts';
import type { ClaimedCommitment, StorageCommitmentStore } from '../store/storage-commitments.ts';
import { COMMITMENT_FAILURES, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE } from './conformance.ts';

/** Where films are looked for. */
export interface StoredFilms {
  readonly commitments: Pick<StorageCommitmentStore, 'storedFiles'>;
  readonly blobs: Pick<BlobStore, 'holds'>;
}

/** An N-EVENT-REPORT request, without its Message ID. */
export interface EventReport {
  readonly command: CommandSet;
  readonly dataSet: Uint8Array;
}

/**
 * Looks up which films are safe, and says so.
 *
 * @param context - in which it will be sent
 * @throws GatewayError DATABASE_UNAVAILABLE
 */
export async function eventReport(
  commitment: ClaimedCommitment,
  context: AcceptedContext,
  films: StoredFilms,
): Promise<EventReport> {
  const report = await look(commitment, films);
  const event = report.failed.length === 0 ? COMMITMENT_EVENTS.ALL_COMMITTED : COMMITMENT_EVENTS.SOME_FAILED;
  const command = {
    commandField: COMMAND.N_EVENT_REPORT_RQ,
    affectedSopClassUid: STORAGE_COMMITMENT,
    affectedSopInstanceUid: STORAGE_COMMITMENT_INSTANCE,
    eventTypeId: event,
  };
  return { command, dataSet: encodeCommitmentReport(report, context.transferSyntax === EXPLICIT_VR_LITTLE_ENDIAN) };
}

/** A film is safe when its record has that SOP class and its file is there. */
async function look(
  { transactionUid, references }: ClaimedCommitment,
  { commitments, blobs }: StoredFilms,
): Promise<CommitmentReport> {
  const stored = await commitments.storedFiles(references.map(({ sopInstanceUid }) => sopInstanceUid));
  const committed: CommitmentReport['committed'][number][] = [];
  const failed: CommitmentReport['failed'][number][] = [];
  for (const reference of references) {
    const file = stored.get(reference.sopInstanceUid);
    if (file !== undefined && file.sopClassUid !== reference.sopClassUid) {
      failed.push({ ...reference, reason: COMMITMENT_FAILURES.CLASS_INSTANCE_CONFLICT });
    } else if (file === undefined || !(await blobs.holds(file.blobKey, file.byteLength))) {
      failed.push({ ...reference, reason: COMMITMENT_FAILURES.NO_SUCH_OBJECT_INSTANCE });
    } else {
      committed.push(reference);
    }
  }
  return { transactionUid, committed, failed };
}
