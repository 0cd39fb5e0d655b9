/**
 * A film without its identity, after the Basic Application Level Confidentiality Profile (PS3.15 annex E): all that comes before
 * the pixels, written anew, and where in the file those lie that follow it unchanged. What follows them (padding, signatures of what the
 * film was) is left out.
 */
import type { FilmLimits } from '../../config.ts';
import { GatewayError } from '../../errors.ts';
import { PIXEL_DATA } from '../attributes.ts';
import { type ByteWindow, endOfFile } from '../byte-window.ts';
import { inflateBeginning } from '../deflated-data-set.ts';
import { IMPLICIT_LITTLE_ENDIAN, ITEM, readElement, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from '../element.ts';
import { withFileWindow } from '../file-window.ts';
import { readFileMeta } from '../part10.ts';
import { writeFileMeta } from '../part10-writer.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, type TransferSyntax, transferSyntaxOf } from '../transfer-syntaxes.ts';
import { elementHeader, encodeElement, encodeItems } from './encode-element.ts';
import { identifyingPixels, LOOKED_AT } from './identifying-pixels.ts';
import { textOf } from './replace-uids.ts';
import { concatenateInOrder, type RewrittenDataSet, rewriteDataSet } from './rewrite-data-set.ts';

/** The profile that a film has been through, for De-identification Method (0012,0063), at most 64 characters. */
const DEIDENTIFICATION_METHOD = 'Basic Application Confidentiality Profile, PS3.15-2026c';

const SOP_CLASS_UID = 0x0008_0016;
const SOP_INSTANCE_UID = 0x0008_0018;

/** Inflated besides the longest data set before Pixel Data: the header of that itself. */
const PIXEL_DATA_HEADER_BYTES = 64;

/** What stands for the identity. */
export interface Pseudonyms {
  /** Instead of Patient's Name and Patient ID; at most 64 characters. */
  readonly patient: string;
  /** By the UID that each stands for; every one that {@link uidsOfFilm} names. */
  readonly uids: ReadonlyMap<string, string>;
}

/** A film without its identity. */
export interface DeidentifiedFilm {
  /** File meta information and data set up to the value of Pixel Data. */
  readonly header: Uint8Array;
  /** Range of the stored file that follows, or of its data set, inflated, when that is deflated. */
  readonly pixels: {
    readonly offset: number;
    readonly length: number;
    /** Where the deflated data set begins; undefined when it is not deflated. */
    readonly deflatedFrom: number | undefined;
  };
}

/**
 * Reads which UIDs of a film will have to be replaced. Synchronous reads: for threads of their own.
 *
 * @returns each UID once
 * @throws GatewayError DEIDENTIFICATION_REFUSED when the pixels may identify the patient, and what reading throws
 */
export async function uidsOfFilm(path: string, limits: FilmLimits): Promise<readonly string[]> {
  const uids = new Set<string>();
  await openFilm(path, limits, (uid) => {
    uids.add(uid);
    return uid;
  });
  return [...uids];
}

/**
 * De-identifies a film. Synchronous reads: for threads of their own.
 *
 * @throws GatewayError as {@link uidsOfFilm}; INTERNAL for a UID without a pseudonym
 */
export async function deidentifyFilm(
  path: string,
  limits: FilmLimits,
  pseudonyms: Pseudonyms,
): Promise<DeidentifiedFilm> {
  const replaceUid = (uid: string): string => {
    const pseudonym = pseudonyms.uids.get(uid);
    if (pseudonym === undefined) throw new TypeError('A UID of the film has no pseudonym.');
    return pseudonym;
  };
  const { dataSet, syntax, pixels } = await openFilm(path, limits, replaceUid);
  const { elements, noted, pixelData } = dataSet;
  const sopInstanceUid = replaceUid(textOf(noted.get(SOP_INSTANCE_UID)));
  // The words are the same without the deflating around everything.
  const transferSyntaxUid = syntax.deflated ? EXPLICIT_VR_LITTLE_ENDIAN : syntax.uid;
  const meta = writeFileMeta({ sopClassUid: textOf(noted.get(SOP_CLASS_UID)), sopInstanceUid, transferSyntaxUid });
  for (const [tag, bytes] of statements(pseudonyms.patient, syntax)) elements.set(tag, bytes);
  const pixelHeader = elementHeader(PIXEL_DATA, pixelData.vr, pixelData.length, syntax);
  return { header: Buffer.concat([meta, concatenateInOrder(elements), pixelHeader]), pixels };
}

interface OpenedFilm {
  readonly dataSet: RewrittenDataSet;
  readonly syntax: TransferSyntax;
  readonly pixels: DeidentifiedFilm['pixels'];
}

function openFilm(path: string, limits: FilmLimits, replaceUid: (uid: string) => string): Promise<OpenedFilm> {
  return withFileWindow(path, async (file) => {
    const { transferSyntaxUid, dataSetStart } = readFileMeta(file);
    const syntax = transferSyntaxOf(transferSyntaxUid);
    if (syntax === undefined) {
      throw new GatewayError('TRANSFER_SYNTAX_UNSUPPORTED', 'The film has an encoding that is not read.');
    }
    const { maxHeaderBytes } = limits;
    const window = syntax.deflated
      ? await inflateBeginning(file, dataSetStart, maxHeaderBytes + PIXEL_DATA_HEADER_BYTES)
      : file;
    const start = syntax.deflated ? 0 : dataSetStart;
    const noted = new Set([...LOOKED_AT, SOP_CLASS_UID, SOP_INSTANCE_UID]);
    const dataSet = rewriteDataSet(window, { start, encoding: syntax, maxHeaderBytes, replaceUid }, noted);
    const reason = identifyingPixels(dataSet.noted);
    if (reason !== undefined) throw new GatewayError('DEIDENTIFICATION_REFUSED', reason);
    const { valuePosition: offset, length } = dataSet.pixelData;
    const end = length === UNDEFINED_LENGTH ? endOfFragments(window, offset) : offset + length;
    // How far a deflated data set reaches is seen when it is inflated.
    if (!syntax.deflated && end > file.size) throw endOfFile(end, file.size);
    const deflatedFrom = syntax.deflated ? dataSetStart : undefined;
    return { dataSet, syntax, pixels: { offset, length: end - offset, deflatedFrom } };
  });
}

/** Position after encapsulated Pixel Data, its delimiter included (PS3.5 annex A.4). */
function endOfFragments(window: ByteWindow, start: number): number {
  let position = start;
  for (;;) {
    const { tag, length, valuePosition } = readElement(window, position, IMPLICIT_LITTLE_ENDIAN);
    if (tag === SEQUENCE_DELIMITATION) return valuePosition;
    if (tag !== ITEM || length === UNDEFINED_LENGTH) {
      throw new GatewayError('PIXEL_DATA_CORRUPT', `At byte ${position} of Pixel Data there is no fragment.`);
    }
    position = valuePosition + length;
  }
}

/** What the profile has a de-identified object say of itself (PS3.15 section E.1.1), and who it is now. */
function statements(patient: string, encoding: TransferSyntax): readonly (readonly [number, Uint8Array])[] {
  const text = (tag: number, vr: string, value: string) =>
    encodeElement(tag, encoding.explicitVr ? vr : undefined, Buffer.from(value, 'latin1'), encoding);
  const method = Buffer.concat([
    text(0x0008_0100, 'SH', '113100'),
    text(0x0008_0102, 'SH', 'DCM'),
    text(0x0008_0104, 'LO', 'Basic Application Confidentiality Profile'),
  ]);
  const codes = encodeItems([method], encoding);
  return [
    [0x0010_0010, text(0x0010_0010, 'PN', patient)],
    [0x0010_0020, text(0x0010_0020, 'LO', patient)],
    [0x0012_0062, text(0x0012_0062, 'CS', 'YES')],
    [0x0012_0063, text(0x0012_0063, 'LO', DEIDENTIFICATION_METHOD)],
    [0x0012_0064, encodeElement(0x0012_0064, encoding.explicitVr ? 'SQ' : undefined, codes, encoding)],
    [0x0028_0303, text(0x0028_0303, 'CS', 'REMOVED')],
  ];
}
