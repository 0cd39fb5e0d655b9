/**
 * The JP2 file format (ITU-T T.800 annex I) around a codestream. DICOM wants the codestream alone (PS3.5 section
 * A.4.4), but some writers leave the file around it, and GDCM and pydicom read it.
 */
import type { ByteWindow } from '../../byte-window.ts';
import { corrupt } from '../corrupt.ts';

const SIGNATURE_LENGTH = 12;
const SIGNATURE = 0x6a50_2020;
const CODESTREAM = 0x6a70_3263;
const MAXIMUM_BOXES = 64;

/**
 * Where the codestream begins: 0 without a file format around it.
 *
 * @throws GatewayError PIXEL_DATA_CORRUPT when the boxes hold no codestream
 */
export function findCodestream(window: ByteWindow): number {
  if (window.size < SIGNATURE_LENGTH) throw corrupt(`The frame has ${window.size} bytes.`);
  if (window.uint32(0, true) !== SIGNATURE_LENGTH || window.uint32(4, true) !== SIGNATURE) return 0;
  let position = 0;
  for (let count = 0; count < MAXIMUM_BOXES; count += 1) {
    const length = window.uint32(position, true);
    const isLong = length === 1;
    if (window.uint32(position + 4, true) === CODESTREAM) return position + (isLong ? 16 : 8);
    // A length of 0 reaches to the end of the file; one of 64 bits no box before a codestream needs.
    if (length < 8) break;
    position += length;
  }
  throw corrupt('JP2: no codestream among the boxes.');
}
