/** Data sets of the Storage Commitment Push Model (PS3.4 tables J.3-1 and J.3-2). */

import { GatewayError } from '../../errors.ts';
import { type Elements, writeDataSet } from '../part10-writer.ts';
import { isUid } from '../uid.ts';
import { type MessageDataSet, readMessageDataSet } from './message-data-set.ts';

/** One film that somebody wants kept. */
export interface SopReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

/** What an N-ACTION asks for. */
export interface CommitmentRequest {
  readonly transactionUid: string;
  readonly references: readonly SopReference[];
}

/** What an N-EVENT-REPORT answers. */
export interface CommitmentReport {
  readonly transactionUid: string;
  readonly committed: readonly SopReference[];
  readonly failed: readonly (SopReference & { readonly reason: number })[];
}

/** Event Type ID of a report. */
export const COMMITMENT_EVENTS = { ALL_COMMITTED: 1, SOME_FAILED: 2 } as const;

/** Longest data set of a request that is taken: about 20,000 references. */
export const MAXIMUM_REQUEST_BYTES = 4 * 1024 * 1024;
/** Of each reference: the item and its two UIDs. */
const MAXIMUM_ELEMENTS = 200_000;
const MAXIMUM_DEPTH = 8;
/** A UID has 64 characters. */
const MAXIMUM_VALUE_BYTES = 128;

const TAG = {
  TRANSACTION_UID: 0x0008_1195,
  FAILURE_REASON: 0x0008_1197,
  FAILED_SOP_SEQUENCE: 0x0008_1198,
  REFERENCED_SOP_SEQUENCE: 0x0008_1199,
  REFERENCED_SOP_CLASS_UID: 0x0008_1150,
  REFERENCED_SOP_INSTANCE_UID: 0x0008_1155,
} as const;

const SEQUENCES: ReadonlySet<number> = new Set([TAG.REFERENCED_SOP_SEQUENCE, TAG.FAILED_SOP_SEQUENCE]);

/** Encodes a report. */
export function encodeCommitmentReport(report: CommitmentReport, explicitVr: boolean): Uint8Array {
  const { transactionUid, committed, failed } = report;
  return writeDataSet(
    {
      [hexadecimal(TAG.TRANSACTION_UID)]: ['UI', transactionUid],
      ...(committed.length === 0
        ? {}
        : { [hexadecimal(TAG.REFERENCED_SOP_SEQUENCE)]: ['SQ', committed.map(referenceElements)] }),
      ...(failed.length === 0
        ? {}
        : {
            [hexadecimal(TAG.FAILED_SOP_SEQUENCE)]: [
              'SQ',
              failed.map(({ reason, ...reference }) => ({
                ...referenceElements(reference),
                [hexadecimal(TAG.FAILURE_REASON)]: ['US', reason] as const,
              })),
            ],
          }),
    },
    explicitVr,
  );
}

/** Encodes a request; for those who ask others. */
export function encodeCommitmentRequest(request: CommitmentRequest, explicitVr: boolean): Uint8Array {
  return encodeCommitmentReport({ ...request, committed: request.references, failed: [] }, explicitVr);
}

function referenceElements({ sopClassUid, sopInstanceUid }: SopReference): Elements {
  return {
    [hexadecimal(TAG.REFERENCED_SOP_CLASS_UID)]: ['UI', sopClassUid],
    [hexadecimal(TAG.REFERENCED_SOP_INSTANCE_UID)]: ['UI', sopInstanceUid],
  };
}

function hexadecimal(tag: number): string {
  return tag.toString(16).padStart(8, '0');
}

/**
 * Decodes a request.
 *
 * @throws GatewayError MALFORMED_DICOM, TRUNCATED_FILE, MISSING_ATTRIBUTE, INVALID_ATTRIBUTE
 */
export function decodeCommitmentRequest(bytes: Uint8Array, explicitVr: boolean): CommitmentRequest {
  const { transactionUid, committed } = decodeCommitmentReport(bytes, explicitVr);
  if (committed.length === 0) {
    throw new GatewayError('MISSING_ATTRIBUTE', 'Referenced SOP Sequence (0008,1199) has no item.');
  }
  return { transactionUid, references: committed };
}

/** Decodes a report. @throws GatewayError as {@link decodeCommitmentRequest} */
export function decodeCommitmentReport(bytes: Uint8Array, explicitVr: boolean): CommitmentReport {
  const found = readMessageDataSet(bytes, {
    explicitVr,
    sequences: SEQUENCES,
    maxElements: MAXIMUM_ELEMENTS,
    maxDepth: MAXIMUM_DEPTH,
    maxValueBytes: MAXIMUM_VALUE_BYTES,
  });
  return {
    transactionUid: uidOf(found, TAG.TRANSACTION_UID, 'Transaction UID (0008,1195)'),
    committed: (found.items.get(TAG.REFERENCED_SOP_SEQUENCE) ?? []).map(referenceOf),
    failed: (found.items.get(TAG.FAILED_SOP_SEQUENCE) ?? []).map((item) => ({
      ...referenceOf(item),
      reason: numberOf(item.values.get(TAG.FAILURE_REASON)),
    })),
  };
}

function referenceOf(item: MessageDataSet): SopReference {
  return {
    sopClassUid: uidOf(item, TAG.REFERENCED_SOP_CLASS_UID, 'Referenced SOP Class UID (0008,1150)'),
    sopInstanceUid: uidOf(item, TAG.REFERENCED_SOP_INSTANCE_UID, 'Referenced SOP Instance UID (0008,1155)'),
  };
}

function uidOf({ values }: MessageDataSet, tag: number, name: string): string {
  const value = values.get(tag);
  if (value === undefined) throw new GatewayError('MISSING_ATTRIBUTE', `${name} is missing.`);
  const uid = Buffer.from(value)
    .toString('latin1')
    .replace(/[\0 ]+$/, '');
  if (!isUid(uid)) throw new GatewayError('INVALID_ATTRIBUTE', `${name} is no UID.`);
  return uid;
}

/** A value of VR US; 0 when it is absent or has another length. */
function numberOf(value: Uint8Array | undefined): number {
  return value?.length === 2 ? Buffer.from(value).readUInt16LE() : 0;
}
