/**
 * Structure of a DICOM Part 10 file (PS3.10 section 7): preamble, `DICM`, file meta information, and the data set up
 * to Pixel Data. Memory is bounded by the collected attributes, whatever the size of the film.
 */
import { GatewayError } from '../errors.ts';
import { keywordOf } from './attributes.ts';
import { type ByteWindow, endOfFile } from './byte-window.ts';
import { DataSet } from './data-set.ts';
import { DataSetWalker, type PixelDataElement } from './data-set-walker.ts';
import { EXPLICIT_LITTLE_ENDIAN, readElement, UNDEFINED_LENGTH } from './element.ts';
import type { TransferSyntax } from './transfer-syntaxes.ts';

const PREAMBLE_BYTES = 128;
const META_START = PREAMBLE_BYTES + 4;
const META_GROUP = 0x0002;
/** PS3.10 defines 15 elements; more than this is no meta information. */
const MAXIMUM_META_ELEMENTS = 64;
/** UI holds 64 characters; longer values of group 0002 are private and stepped over. */
const MAXIMUM_META_VALUE_BYTES = 128;

/** File meta information. */
export interface FileMeta {
  /** Values of the UIDs of group 0002 that are read. */
  readonly elements: DataSet;
  readonly transferSyntaxUid: string;
  /** Position of the data set. */
  readonly dataSetStart: number;
}

/**
 * Reads preamble and file meta information, which is always Explicit VR Little Endian. Its end is found by the group
 * number, since real files state a wrong group length or none.
 *
 * @throws GatewayError NOT_DICOM, TRUNCATED_FILE, MALFORMED_DICOM
 */
export function readFileMeta(window: ByteWindow): FileMeta {
  if (window.size < META_START || !isPart10(window)) {
    throw new GatewayError('NOT_DICOM', `The file of ${window.size} bytes has no DICM after a preamble.`);
  }
  const elements = new DataSet();
  let position = META_START;
  for (let count = 0; position < window.size && window.uint16(position) === META_GROUP; count += 1) {
    const element = readElement(window, position, EXPLICIT_LITTLE_ENDIAN);
    if (count === MAXIMUM_META_ELEMENTS || element.length === UNDEFINED_LENGTH) {
      throw new GatewayError('MALFORMED_DICOM', 'The file meta information is not as PS3.10 defines it.');
    }
    position = element.valuePosition + element.length;
    if (position > window.size) throw endOfFile(position, window.size);
    const keyword = keywordOf(element.tag);
    if (keyword !== undefined && element.length <= MAXIMUM_META_VALUE_BYTES) {
      elements.addValue(keyword, window.bytes(element.valuePosition, element.length));
    }
  }
  const transferSyntaxUid = elements.text('TransferSyntaxUID');
  if (transferSyntaxUid !== null) return { elements, transferSyntaxUid, dataSetStart: position };
  if (position === META_START) {
    throw new GatewayError('NOT_DICOM', 'The file has no file meta information (group 0002).');
  }
  if (position === window.size) throw endOfFile(position + 1, window.size);
  throw new GatewayError('MALFORMED_DICOM', 'The file meta information names no Transfer Syntax UID (0002,0010).');
}

function isPart10(window: ByteWindow): boolean {
  return Buffer.from(window.bytes(PREAMBLE_BYTES, 4)).toString('latin1') === 'DICM';
}

/**
 * Walks a data set up to Pixel Data.
 *
 * @param start - where the data set begins
 * @param into - receives the attributes, also when the walk fails later
 * @returns the place of Pixel Data, encapsulated or not as the transfer syntax wants it
 * @throws GatewayError TRUNCATED_FILE, MALFORMED_DICOM, HEADER_TOO_LARGE, NO_PIXEL_DATA
 */
export function readDataSetHeader(
  window: ByteWindow,
  start: number,
  syntax: TransferSyntax,
  maxHeaderBytes: number,
  into: DataSet,
): PixelDataElement {
  refuseExplicitAsImplicit(window, start, syntax);
  const pixelData = new DataSetWalker(window, maxHeaderBytes).walk(start, syntax, into);
  if (pixelData === undefined || pixelData.length === 0) {
    throw new GatewayError('NO_PIXEL_DATA', 'The data set has no Pixel Data (7FE0,0010).');
  }
  if ((pixelData.length === null) !== syntax.encapsulated) {
    const problem = syntax.encapsulated
      ? 'Pixel Data is not encapsulated although the transfer syntax is.'
      : 'Pixel Data is encapsulated although the transfer syntax is not.';
    throw new GatewayError('MALFORMED_DICOM', problem);
  }
  return pixelData;
}

/**
 * Read as the length of Implicit VR, the letters of a value representation are 16,705 and more. The first element, of group
 * 0008 in every film, is never that long; said here, because the walk would end anywhere, mostly past the end of the file.
 */
function refuseExplicitAsImplicit(window: ByteWindow, start: number, syntax: TransferSyntax): void {
  if (syntax.explicitVr || window.size < start + 8) return;
  const letters = Buffer.from(window.bytes(start + 4, 2)).toString('latin1');
  if (/^[A-Z]{2}$/.test(letters)) {
    throw new GatewayError(
      'MALFORMED_DICOM',
      'The data set states value representations although the transfer syntax is Implicit VR.',
    );
  }
}
