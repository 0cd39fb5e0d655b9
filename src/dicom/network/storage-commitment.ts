/** Data sets of the Storage Commitment Push Model (PS3.4 tables J.3-1 and J.3-2). */

import { GatewayError } from '../../errors.ts';
import { ByteWindow, endOfFile } from '../byte-window.ts';
import {
  type ElementHeader,
  type Encoding,
  EXPLICIT_LITTLE_ENDIAN,
  IMPLICIT_LITTLE_ENDIAN,
  ITEM,
  ITEM_DELIMITATION,
  readElement,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
} from '../element.ts';
import { type Elements, writeDataSet } from '../part10-writer.ts';
import { isUid } from '../uid.ts';

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
const MAXIMUM_DEPTH = 8;

const TAG = {
  TRANSACTION_UID: 0x0008_1195,
  FAILURE_REASON: 0x0008_1197,
  FAILED_SOP_SEQUENCE: 0x0008_1198,
  REFERENCED_SOP_SEQUENCE: 0x0008_1199,
  REFERENCED_SOP_CLASS_UID: 0x0008_1150,
  REFERENCED_SOP_INSTANCE_UID: 0x0008_1155,
} as const;

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
  const found: Found = { texts: new Map(), numbers: new Map(), items: new Map() };
  const walk = new Walk(new MemoryWindow(bytes), explicitVr ? EXPLICIT_LITTLE_ENDIAN : IMPLICIT_LITTLE_ENDIAN);
  walk.dataSet(0, bytes.length, found, 0);
  return {
    transactionUid: uidOf(found, TAG.TRANSACTION_UID, 'Transaction UID (0008,1195)'),
    committed: (found.items.get(TAG.REFERENCED_SOP_SEQUENCE) ?? []).map(referenceOf),
    failed: (found.items.get(TAG.FAILED_SOP_SEQUENCE) ?? []).map((item) => ({
      ...referenceOf(item),
      reason: item.numbers.get(TAG.FAILURE_REASON) ?? 0,
    })),
  };
}

function referenceOf(item: Found): SopReference {
  return {
    sopClassUid: uidOf(item, TAG.REFERENCED_SOP_CLASS_UID, 'Referenced SOP Class UID (0008,1150)'),
    sopInstanceUid: uidOf(item, TAG.REFERENCED_SOP_INSTANCE_UID, 'Referenced SOP Instance UID (0008,1155)'),
  };
}

function uidOf({ texts }: Found, tag: number, name: string): string {
  const uid = texts.get(tag);
  if (uid === undefined) throw new GatewayError('MISSING_ATTRIBUTE', `${name} is missing.`);
  if (!isUid(uid)) throw new GatewayError('INVALID_ATTRIBUTE', `${name} is no UID.`);
  return uid;
}

/** What was found in one data set or item. */
interface Found {
  readonly texts: Map<number, string>;
  readonly numbers: Map<number, number>;
  readonly items: Map<number, Found[]>;
}

const TEXTS: ReadonlySet<number> = new Set([
  TAG.TRANSACTION_UID,
  TAG.REFERENCED_SOP_CLASS_UID,
  TAG.REFERENCED_SOP_INSTANCE_UID,
]);
const SEQUENCES: ReadonlySet<number> = new Set([TAG.REFERENCED_SOP_SEQUENCE, TAG.FAILED_SOP_SEQUENCE]);
/** Longest value that is looked at; a UID has 64 characters. */
const MAXIMUM_VALUE_BYTES = 128;

/** Every step reads 8 bytes or more of a bounded data set, so the walk ends. */
class Walk {
  readonly #window: ByteWindow;
  readonly #encoding: Encoding;

  constructor(window: ByteWindow, encoding: Encoding) {
    this.#window = window;
    this.#encoding = encoding;
  }

  /** Walks elements up to `end`, or to an item delimiter; returns the position after it. */
  dataSet(start: number, end: number, into: Found | undefined, depth: number): number {
    let position = start;
    while (position < end) {
      const element = readElement(this.#window, position, this.#encoding);
      if (element.tag === ITEM_DELIMITATION) return element.valuePosition;
      position = this.#value(element, end, into, depth);
    }
    return position;
  }

  #value(element: ElementHeader, end: number, into: Found | undefined, depth: number): number {
    const { tag, length, valuePosition } = element;
    if (length === UNDEFINED_LENGTH || SEQUENCES.has(tag)) {
      const items: Found[] | undefined = into !== undefined && SEQUENCES.has(tag) ? [] : undefined;
      if (items !== undefined) into?.items.set(tag, items);
      return this.#items(element, end, items, depth + 1);
    }
    const next = valuePosition + length;
    if (next > end) throw endOfFile(next, end);
    if (into !== undefined && TEXTS.has(tag) && length <= MAXIMUM_VALUE_BYTES) {
      const text = Buffer.from(this.#window.bytes(valuePosition, length)).toString('latin1');
      into.texts.set(tag, text.replace(/[\0 ]+$/, ''));
    }
    if (into !== undefined && tag === TAG.FAILURE_REASON && length === 2) {
      into.numbers.set(tag, this.#window.uint16(valuePosition));
    }
    return next;
  }

  #items({ length, valuePosition }: ElementHeader, end: number, items: Found[] | undefined, depth: number): number {
    if (depth > MAXIMUM_DEPTH) throw malformed('is nested too deep');
    const isDelimited = length === UNDEFINED_LENGTH;
    const sequenceEnd = isDelimited ? end : valuePosition + length;
    if (sequenceEnd > end) throw endOfFile(sequenceEnd, end);
    let position = valuePosition;
    while (position < sequenceEnd) {
      const item = readElement(this.#window, position, this.#encoding);
      if (item.tag === SEQUENCE_DELIMITATION) return item.valuePosition;
      if (item.tag !== ITEM) throw malformed('has a sequence with something else than items');
      const content: Found | undefined =
        items === undefined ? undefined : { texts: new Map(), numbers: new Map(), items: new Map() };
      if (content !== undefined) items?.push(content);
      const itemEnd = item.length === UNDEFINED_LENGTH ? sequenceEnd : item.valuePosition + item.length;
      if (itemEnd > sequenceEnd) throw endOfFile(itemEnd, sequenceEnd);
      position = this.dataSet(item.valuePosition, itemEnd, content, depth);
    }
    return position;
  }
}

function malformed(problem: string): GatewayError {
  return new GatewayError('MALFORMED_DICOM', `A storage commitment data set ${problem}.`);
}

/** Bytes in memory. */
class MemoryWindow extends ByteWindow {
  readonly #all: Uint8Array;

  constructor(bytes: Uint8Array) {
    super(bytes.length);
    this.#all = bytes;
  }

  override readInto(target: Uint8Array, position: number): void {
    if (position + target.length > this.#all.length) throw endOfFile(position + target.length, this.#all.length);
    target.set(this.#all.subarray(position, position + target.length));
  }
}
