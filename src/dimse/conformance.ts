/** What the DICOM door offers, as data: negotiation, statuses and the conformance statement are made from these tables. */
import { imageSopClasses, nameOfSopClass, VERIFICATION } from '../dicom/sop-classes.ts';
import { PLAIN_TRANSFER_SYNTAXES, READABLE_TRANSFER_SYNTAXES } from '../dicom/transfer-syntaxes.ts';

/** Storage Commitment Push Model SOP Class (PS3.4 annex J) and its one, well-known instance. */
export const STORAGE_COMMITMENT = '1.2.840.10008.1.20.1';
export const STORAGE_COMMITMENT_INSTANCE = '1.2.840.10008.1.20.1.1';

/** A SOP class of which the door is the provider. */
export interface ProvidedSopClass {
  readonly uid: string;
  readonly name: string;
  readonly service: 'VERIFICATION' | 'STORAGE' | 'STORAGE_COMMITMENT';
  readonly transferSyntaxes: readonly string[];
}

const FILM_SYNTAXES: readonly string[] = READABLE_TRANSFER_SYNTAXES.map(({ uid }) => uid);

/**
 * Every abstract syntax that is accepted. Of the transfer syntaxes of a context the first in the caller's order that is in the
 * table is taken: only the caller knows which one it holds the film in, and every conversion by the way can lose something.
 */
export const PROVIDED_SOP_CLASSES: readonly ProvidedSopClass[] = [
  {
    uid: VERIFICATION,
    name: 'Verification SOP Class',
    service: 'VERIFICATION',
    transferSyntaxes: PLAIN_TRANSFER_SYNTAXES,
  },
  ...imageSopClasses().map(
    ({ uid }): ProvidedSopClass => ({
      uid,
      name: nameOfSopClass(uid).replace(/ \([0-9.]+\)$/, ''),
      service: 'STORAGE',
      transferSyntaxes: FILM_SYNTAXES,
    }),
  ),
  {
    uid: STORAGE_COMMITMENT,
    name: 'Storage Commitment Push Model SOP Class',
    service: 'STORAGE_COMMITMENT',
    transferSyntaxes: PLAIN_TRANSFER_SYNTAXES,
  },
];

/** Statuses that the door itself decides on (PS3.7 annex C, PS3.4 table B.2-1); those of films go with their codes, in ../errors/. */
export const STATUS = {
  SUCCESS: 0x0000,
  PROCESSING_FAILURE: 0x0110,
  NO_SUCH_OBJECT_INSTANCE: 0x0112,
  INVALID_ARGUMENT_VALUE: 0x0115,
  CLASS_INSTANCE_CONFLICT: 0x0119,
  SOP_CLASS_NOT_SUPPORTED: 0x0122,
  NO_SUCH_ACTION: 0x0123,
  NOT_AUTHORIZED: 0x0124,
  UNRECOGNIZED_OPERATION: 0x0211,
  MISTYPED_ARGUMENT: 0x0212,
  OUT_OF_RESOURCES: 0xa700,
  DATA_SET_MISMATCH: 0xa900,
  CANNOT_UNDERSTAND: 0xc000,
} as const;

/** A status with what makes the door answer it. */
export interface AnsweredStatus {
  readonly status: number;
  readonly service: 'C-ECHO' | 'C-STORE' | 'N-ACTION' | 'any';
  readonly when: string;
}

/** Every status of responses. The code of the gateway's error is in Error Comment (0000,0902). */
export const ANSWERED_STATUSES: readonly AnsweredStatus[] = [
  { status: STATUS.SUCCESS, service: 'C-ECHO', when: 'always' },
  { status: STATUS.SUCCESS, service: 'C-STORE', when: 'the film and its records are durable, or were so before' },
  { status: STATUS.SUCCESS, service: 'N-ACTION', when: 'the request is recorded; its report follows' },
  {
    status: STATUS.OUT_OF_RESOURCES,
    service: 'C-STORE',
    when: 'disk below its watermark, too many films at once, too large, no database, no active model, shutting down',
  },
  {
    status: STATUS.DATA_SET_MISMATCH,
    service: 'C-STORE',
    when: 'identifiers missing, invalid, or other than the command says; identifiers of another patient or study; an image out of bounds',
  },
  { status: STATUS.CANNOT_UNDERSTAND, service: 'C-STORE', when: 'the data set is broken, or has no pixels' },
  { status: 0xc122, service: 'C-STORE', when: 'the transfer syntax is not read' },
  { status: 0x0111, service: 'C-STORE', when: 'another film is stored under this SOP Instance UID' },
  { status: STATUS.PROCESSING_FAILURE, service: 'C-STORE', when: 'anything else; the same film may succeed later' },
  {
    status: STATUS.SOP_CLASS_NOT_SUPPORTED,
    service: 'any',
    when: 'the SOP class is not that of the presentation context, or not of the service',
  },
  { status: STATUS.NOT_AUTHORIZED, service: 'any', when: 'the caller gave up the SCU role of the context' },
  { status: STATUS.UNRECOGNIZED_OPERATION, service: 'any', when: 'another operation than these' },
  {
    status: STATUS.MISTYPED_ARGUMENT,
    service: 'any',
    when: 'a data set is missing, or the command lacks what it must have',
  },
  { status: STATUS.NO_SUCH_OBJECT_INSTANCE, service: 'N-ACTION', when: 'another instance than the well-known one' },
  { status: STATUS.NO_SUCH_ACTION, service: 'N-ACTION', when: 'an Action Type ID other than 1' },
  {
    status: STATUS.INVALID_ARGUMENT_VALUE,
    service: 'N-ACTION',
    when: 'the references cannot be understood, or are too many',
  },
  { status: STATUS.PROCESSING_FAILURE, service: 'N-ACTION', when: 'the request could not be recorded' },
];

/** Failure reasons of single instances in N-EVENT-REPORT (PS3.3 section C.14.1.1). */
export const COMMITMENT_FAILURES = {
  /** Not stored here, or its file is gone. */
  NO_SUCH_OBJECT_INSTANCE: STATUS.NO_SUCH_OBJECT_INSTANCE,
  /** Stored under another SOP class. */
  CLASS_INSTANCE_CONFLICT: STATUS.CLASS_INSTANCE_CONFLICT,
} as const;

/** Timers and the settings that hold them. */
export const TIMERS: readonly { readonly setting: string; readonly ends: string }[] = [
  {
    setting: 'DIMSE_ARTIM_MS',
    ends: 'a connection without a complete association request; a wait for A-RELEASE-RP or for an answer',
  },
  { setting: 'DIMSE_IDLE_TIMEOUT_MS', ends: 'an association on which the peer is silent, or does not read' },
  { setting: 'DIMSE_MESSAGE_TIMEOUT_MS', ends: 'an association on which one message takes longer' },
];
