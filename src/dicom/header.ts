/**
 * Everything the gate, the pixels and the records need to know of a film, read without touching its pixels.
 *
 * Refused here is only what cannot be understood or is no image. An image that is no chest film (colour, CT, a hip) is
 * understood: it is stored, and {@link assessEligibility} of eligibility.ts keeps it from being read.
 */
import type { FilmLimits } from '../config.ts';
import { type ErrorDetails, GatewayError } from '../errors.ts';
import { type Keyword, nameOf } from './attributes.ts';
import type { ByteWindow } from './byte-window.ts';
import { characterSets } from './character-sets.ts';
import { DataSet } from './data-set.ts';
import { isoDate, isoDateTime } from './date-time.ts';
import { inflateBeginning } from './deflated-data-set.ts';
import { withFileWindow } from './file-window.ts';
import { type ImageAttributes, readImageAttributes } from './image-attributes.ts';
import { readDataSetHeader, readFileMeta } from './part10.ts';
import { personNameOf } from './person-name.ts';
import { type FirstFrame, findFirstFrame, type WalkedFilm } from './pixel/first-frame.ts';
import { nameOfSopClass, roleOfSopClass } from './sop-classes.ts';
import { nameOfTransferSyntax, type TransferSyntax, transferSyntaxOf } from './transfer-syntaxes.ts';
import { isUid } from './uid.ts';

/** The header of one film. Absent, empty and unintelligible optional values are null. */
export interface FilmHeader {
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly patient: {
    readonly id: string | null;
    /** Issuer of Patient ID. */
    readonly issuer: string | null;
    /** Alphabetic component group, such as `YAMADA^TARO`. */
    readonly name: string | null;
    readonly nameIdeographic: string | null;
    readonly namePhonetic: string | null;
    /** YYYY-MM-DD. */
    readonly birthDate: string | null;
    readonly sex: 'MALE' | 'FEMALE' | 'OTHER' | null;
  };
  readonly study: {
    readonly accessionNumber: string | null;
    /** ISO 8601 date-time in UTC, with Timezone Offset From UTC applied when the film states it. */
    readonly date: string | null;
    readonly description: string | null;
  };
  readonly series: {
    readonly modality: string | null;
    readonly bodyPart: string | null;
    readonly viewPosition: string | null;
    readonly description: string | null;
    readonly protocolName: string | null;
  };
  /** STAT when Requested Procedure Priority is STAT or HIGH. */
  readonly priority: 'ROUTINE' | 'STAT';
  readonly image: ImageAttributes;
  /** Where the value of Pixel Data lies in the data set, from its start when that is deflated, else in the file. */
  readonly pixelData: {
    readonly offset: number;
    /** Null when it is encapsulated. */
    readonly length: number | null;
    readonly encapsulated: boolean;
  };
}

/** Most characters of an identifier. LO allows 64; longer ones occur, and what is longer than this is refused, not cut. */
const MAXIMUM_IDENTIFIER = 256;

/**
 * Reads the header of a film file. Reads are synchronous: call it in worker threads.
 *
 * @throws GatewayError with the UIDs in `details` as far as they are known: NOT_DICOM, TRUNCATED_FILE,
 *   MALFORMED_DICOM, HEADER_TOO_LARGE, PAYLOAD_TOO_LARGE, SOP_CLASS_UNSUPPORTED, TRANSFER_SYNTAX_UNSUPPORTED,
 *   MISSING_ATTRIBUTE, INVALID_ATTRIBUTE, IMAGE_DIMENSIONS_UNSUPPORTED, IMAGE_FORMAT_UNSUPPORTED, NO_PIXEL_DATA,
 *   PIXEL_DATA_LENGTH_MISMATCH, PIXEL_DATA_CORRUPT, BLOB_UNREADABLE
 */
export async function readHeader(path: string, limits: FilmLimits): Promise<FilmHeader> {
  return withFileWindow(path, async (window) => {
    const { header, firstFrame } = await openFilm(window, limits);
    await firstFrame.check();
    return header;
  });
}

/** {@link readHeader} of a file that is open already, with its first frame, to be read while the file is open. */
export async function openFilm(
  window: ByteWindow,
  limits: FilmLimits,
): Promise<{ readonly header: FilmHeader; readonly firstFrame: FirstFrame }> {
  if (window.size > limits.maxFileBytes) {
    throw new GatewayError(
      'PAYLOAD_TOO_LARGE',
      `The file has ${window.size} bytes; DICOM_MAX_FILE_BYTES is ${limits.maxFileBytes}.`,
    );
  }
  const meta = readFileMeta(window);
  const dataSet = new DataSet();
  try {
    refuseWithoutPixels(meta.elements.text('MediaStorageSOPClassUID'));
    const syntax = transferSyntaxOf(meta.transferSyntaxUid);
    if (syntax === undefined) {
      throw new GatewayError(
        'TRANSFER_SYNTAX_UNSUPPORTED',
        `The film is encoded as ${nameOfTransferSyntax(meta.transferSyntaxUid)}.`,
      );
    }
    const film = await walkFilm(window, meta.dataSetStart, syntax, limits, dataSet);
    const header = assemble(film, limits);
    return { header, firstFrame: findFirstFrame(film, header.image, limits) };
  } catch (error) {
    throw error instanceof GatewayError ? error.with(knownUids(dataSet, meta.elements)) : error;
  }
}

/** Walks to Pixel Data. */
async function walkFilm(
  file: ByteWindow,
  start: number,
  syntax: TransferSyntax,
  limits: FilmLimits,
  dataSet: DataSet,
): Promise<WalkedFilm> {
  // With room for the header of Pixel Data itself after the longest data set before it.
  const window = syntax.deflated ? await inflateBeginning(file, start, limits.maxHeaderBytes + 64) : file;
  const first = syntax.deflated ? 0 : start;
  const pixelData = readDataSetHeader(window, first, syntax, limits.maxHeaderBytes, dataSet);
  return { file, start, syntax, window, dataSet, pixelData };
}

function assemble({ dataSet, syntax, pixelData }: WalkedFilm, limits: FilmLimits): FilmHeader {
  const sopClassUid = requiredUid(dataSet, 'SOPClassUID');
  refuseWithoutPixels(sopClassUid);
  const image = readImageAttributes(dataSet, limits);
  const { text: decode, personName } = characterSets(dataSet.strings('SpecificCharacterSet'));
  const name = personNameOf(dataSet.strings('PatientName', personName)[0] ?? '');
  return {
    sopInstanceUid: requiredUid(dataSet, 'SOPInstanceUID'),
    sopClassUid,
    transferSyntaxUid: syntax.uid,
    studyInstanceUid: requiredUid(dataSet, 'StudyInstanceUID'),
    seriesInstanceUid: requiredUid(dataSet, 'SeriesInstanceUID'),
    patient: {
      id: identifier(dataSet, 'PatientID', decode),
      issuer: identifier(dataSet, 'IssuerOfPatientID', decode),
      name: name.alphabetic,
      nameIdeographic: name.ideographic,
      namePhonetic: name.phonetic,
      birthDate: isoDate(dataSet.text('PatientBirthDate')),
      sex: SEXES[dataSet.code('PatientSex') ?? ''] ?? null,
    },
    study: {
      accessionNumber: identifier(dataSet, 'AccessionNumber', decode),
      date: isoDateTime(dataSet.text('StudyDate'), dataSet.text('StudyTime'), dataSet.text('TimezoneOffsetFromUTC')),
      description: dataSet.text('StudyDescription', decode),
    },
    series: {
      modality: dataSet.code('Modality'),
      bodyPart: dataSet.codes('BodyPartExamined', decode),
      viewPosition: dataSet.codes('ViewPosition', decode),
      description: dataSet.text('SeriesDescription', decode),
      protocolName: dataSet.text('ProtocolName', decode),
    },
    priority: readPriority(dataSet),
    image,
    pixelData: { offset: pixelData.offset, length: pixelData.length, encapsulated: syntax.encapsulated },
  };
}

const SEXES: Readonly<Record<string, 'MALE' | 'FEMALE' | 'OTHER'>> = { M: 'MALE', F: 'FEMALE', O: 'OTHER' };

/** A film may say it at its top level or in the request that it answers. */
function readPriority(dataSet: DataSet): FilmHeader['priority'] {
  const stated = [dataSet, ...dataSet.items('RequestAttributesSequence')].map((each) =>
    each.code('RequestedProcedurePriority'),
  );
  return stated.some((priority) => priority === 'STAT' || priority === 'HIGH') ? 'STAT' : 'ROUTINE';
}

function identifier(dataSet: DataSet, keyword: Keyword, decode: (bytes: Uint8Array) => string): string | null {
  const value = dataSet.strings(keyword, decode)[0] ?? '';
  if (value.length > MAXIMUM_IDENTIFIER) {
    throw new GatewayError('INVALID_ATTRIBUTE', `${nameOf(keyword)} has ${value.length} characters.`);
  }
  return value === '' ? null : value;
}

function requiredUid(dataSet: DataSet, keyword: Keyword): string {
  const value = dataSet.text(keyword);
  if (value === null) throw new GatewayError('MISSING_ATTRIBUTE', `${nameOf(keyword)} is missing or empty.`);
  if (!isUid(value)) throw new GatewayError('INVALID_ATTRIBUTE', `${nameOf(keyword)} is no UID.`);
  return value;
}

function refuseWithoutPixels(sopClassUid: string | null): void {
  if (sopClassUid !== null && roleOfSopClass(sopClassUid) === 'NO_IMAGE') {
    throw new GatewayError('SOP_CLASS_UNSUPPORTED', `${nameOfSopClass(sopClassUid)} holds no image.`);
  }
}

/** UIDs for the caller's failure report, from the data set or else from the file meta information. */
function knownUids(dataSet: DataSet, meta: DataSet): ErrorDetails {
  const sopInstanceUid = dataSet.text('SOPInstanceUID') ?? meta.text('MediaStorageSOPInstanceUID');
  const sopClassUid = dataSet.text('SOPClassUID') ?? meta.text('MediaStorageSOPClassUID');
  return {
    ...(sopInstanceUid !== null && isUid(sopInstanceUid) ? { sopInstanceUid } : {}),
    ...(sopClassUid !== null && isUid(sopClassUid) ? { sopClassUid } : {}),
  };
}
