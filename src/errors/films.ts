/** Of films: what is wrong with a file, or with its place among the stored ones. */
import { define, type ErrorDefinition } from './definition.ts';
import {
  CANNOT_UNDERSTAND,
  DATA_SET_MISMATCH,
  DUPLICATE_INSTANCE,
  SOP_CLASS_NOT_SUPPORTED,
  TRANSFER_SYNTAX_NOT_SUPPORTED,
} from './dicom-status.ts';

export const FILM_ERRORS = {
  NOT_DICOM: define(false, 400, CANNOT_UNDERSTAND, 'Send a DICOM Part 10 file (PS3.10: 128-byte preamble, then DICM).'),
  TRUNCATED_FILE: define(false, 400, CANNOT_UNDERSTAND, 'Send the complete file again.'),
  MALFORMED_DICOM: define(
    false,
    400,
    CANNOT_UNDERSTAND,
    'Repair the file with the sending system, then send it again.',
  ),
  HEADER_TOO_LARGE: define(
    false,
    413,
    CANNOT_UNDERSTAND,
    'Remove large private attributes or raise DICOM_MAX_HEADER_BYTES.',
  ),
  MISSING_ATTRIBUTE: define(false, 400, DATA_SET_MISMATCH, 'Send the attribute that the message names.'),
  INVALID_ATTRIBUTE: define(false, 400, DATA_SET_MISMATCH, 'Correct the attribute that the message names.'),
  NO_PIXEL_DATA: define(false, 400, CANNOT_UNDERSTAND, 'Send an image object with Pixel Data (7FE0,0010).'),
  PIXEL_DATA_LENGTH_MISMATCH: define(
    false,
    400,
    CANNOT_UNDERSTAND,
    'Send a file whose Pixel Data is as long as Rows, Columns, Samples per Pixel and Bits Allocated say.',
  ),
  PIXEL_DATA_CORRUPT: define(
    false,
    400,
    CANNOT_UNDERSTAND,
    'Compare the film with its source and send it again; its compressed pixels cannot be decoded.',
  ),
  IMAGE_DIMENSIONS_UNSUPPORTED: define(
    false,
    400,
    DATA_SET_MISMATCH,
    'Send an image within the limits that the message names.',
  ),
  IMAGE_FORMAT_UNSUPPORTED: define(false, 400, DATA_SET_MISMATCH, 'Send a monochrome image of 8 to 16 bits.'),
  TRANSFER_SYNTAX_UNSUPPORTED: define(
    false,
    400,
    TRANSFER_SYNTAX_NOT_SUPPORTED,
    'Send the film in a transfer syntax of the conformance statement, such as Explicit VR Little Endian.',
  ),
  SOP_CLASS_UNSUPPORTED: define(false, 400, SOP_CLASS_NOT_SUPPORTED, 'Send image storage objects only.'),
  INSTANCE_CONFLICT: define(
    false,
    409,
    DUPLICATE_INSTANCE,
    'This SOP Instance UID is stored with other bytes; send the changed film under a new UID. Nothing was overwritten.',
  ),
  STUDY_MISMATCH: define(
    false,
    409,
    DATA_SET_MISMATCH,
    'Send the instance to the study that its Study Instance UID names.',
  ),
  INSTANCE_MISMATCH: define(
    false,
    409,
    DATA_SET_MISMATCH,
    'Send the film as the SOP class and instance that its data set names.',
  ),
  RECORD_CONFLICT: define(
    false,
    409,
    DATA_SET_MISMATCH,
    'A study or series UID of this film is stored under another patient or study; correct the identifiers at the source.',
  ),
} satisfies Record<string, ErrorDefinition>;
