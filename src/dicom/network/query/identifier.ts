/**
 * Identifiers of C-FIND, C-MOVE and C-GET: small data sets without pixels (PS3.4 annex C).
 *
 * Values below the top level are stepped over, since no study-level attribute that the gateway reads lies in a sequence.
 */
import { collectBytes } from '../../../collect-bytes.ts';
import { GatewayError, toGatewayError } from '../../../errors.ts';
import { textDecoder } from '../../character-sets.ts';
import { type Elements, writeDataSet } from '../../part10-writer.ts';
import { readMessageDataSet } from '../message-data-set.ts';

/** A study-level answer has some 20 elements and 1 kB; private ones make some larger. */
export const MAXIMUM_IDENTIFIER_BYTES = 1024 * 1024;
const MAXIMUM_ELEMENTS = 10_000;
const MAXIMUM_DEPTH = 16;

/** Longer values are no identifiers, names or lists of modalities. */
const MAXIMUM_VALUE_BYTES = 16 * 1024;

const SPECIFIC_CHARACTER_SET = '00080005';

/**
 * Encodes an identifier. Texts beyond ASCII are written in UTF-8 and say so (ISO_IR 192).
 *
 * @param elements - by tag, `ggggeeee` in lower-case hexadecimal; an empty text is a return key
 * @param explicit - Explicit or Implicit VR, both little endian
 */
export function encodeIdentifier(elements: Elements, explicit: boolean): Uint8Array {
  const isPlain = Object.values(elements).every(
    (element) => typeof element?.[1] !== 'string' || /^[\x20-\x7e]*$/.test(element[1]),
  );
  const characterSet: Elements = isPlain ? {} : { [SPECIFIC_CHARACTER_SET]: ['CS', 'ISO_IR 192'] };
  return writeDataSet({ ...elements, ...characterSet }, explicit);
}

/** The texts of a decoded identifier. */
export interface Identifier {
  /** Values of a text attribute, trimmed; empty when it is absent. */
  strings(tag: string): readonly string[];
  /** First value; null when absent or blank. */
  text(tag: string): string | null;
}

/**
 * Decodes an identifier of a peer.
 *
 * @throws GatewayError DICOM_NODE_FAILED when lengths lead past its end, or it has too many elements or levels
 */
export function decodeIdentifier(bytes: Uint8Array, explicit: boolean): Identifier {
  const values = valuesOf(bytes, explicit);
  const plain = textsOf(values.get(Number.parseInt(SPECIFIC_CHARACTER_SET, 16)), (value) =>
    Buffer.from(value).toString('latin1'),
  );
  const decode = textDecoder(plain);
  const strings = (tag: string) => textsOf(values.get(Number.parseInt(tag, 16)), decode);
  return { strings, text: (tag) => strings(tag)[0] || null };
}

function valuesOf(bytes: Uint8Array, explicitVr: boolean): ReadonlyMap<number, Uint8Array> {
  try {
    const limits = { maxElements: MAXIMUM_ELEMENTS, maxDepth: MAXIMUM_DEPTH, maxValueBytes: MAXIMUM_VALUE_BYTES };
    return readMessageDataSet(bytes, { explicitVr, ...limits }).values;
  } catch (error) {
    throw malformed(`cannot be read (${toGatewayError(error).code})`, error);
  }
}

/** Collects what a peer sends of one data set. @throws GatewayError DICOM_NODE_FAILED beyond {@link MAXIMUM_IDENTIFIER_BYTES} */
export async function collectIdentifier(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const tooLong = () => malformed(`has more than ${MAXIMUM_IDENTIFIER_BYTES} bytes`);
  return collectBytes(chunks, MAXIMUM_IDENTIFIER_BYTES, tooLong);
}

/** Trimmed, without control characters, which are padding or what PostgreSQL cannot store. */
function textsOf(value: Uint8Array | undefined, decode: (bytes: Uint8Array) => string): readonly string[] {
  if (value === undefined || value.length === 0) return [];
  return decode(value)
    .split('\\')
    .map((text) => text.replace(/\p{Cc}/gu, '').trim());
}

function malformed(problem: string, cause?: unknown): GatewayError {
  return new GatewayError('DICOM_NODE_FAILED', `An answer of the node ${problem}.`, {}, { cause });
}
