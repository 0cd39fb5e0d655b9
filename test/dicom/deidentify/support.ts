/** De-identified films in one piece, and films that hold whatever can tell whose they are. */
import { createRequire } from 'node:module';
import { BASIC_PROFILE } from '../../../src/dicom/deidentify/basic-profile.ts';
import { bytesOf } from '../../../src/dicom/deidentify/deidentifier.ts';
import { deidentifyFilm, uidsOfFilm } from '../../../src/dicom/deidentify/deidentify-film.ts';
import type { Elements, ElementValue } from '../../../src/dicom/part10-writer.ts';
import { testPseudonyms } from '../../support/pseudonyms.ts';
import { LIMITS } from '../support.ts';

export const PATIENT = testPseudonyms().uidOf('patient', '0197a3e0-0000-7000-8000-000000000001');

/** The file with every UID replaced as one of no record. */
export async function deidentified(path: string): Promise<Buffer> {
  const pseudonyms = testPseudonyms();
  const uids = new Map((await uidsOfFilm(path, LIMITS)).map((uid) => [uid, pseudonyms.uidFor(uid)]));
  const film = await deidentifyFilm(path, LIMITS, { patient: PATIENT, uids });
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytesOf(path, film)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** One attribute of a data set as dcmjs, another parser, has read it. */
export interface ParsedElement {
  readonly vr: string;
  readonly Value: readonly unknown[];
}

export type ParsedDataSet = Readonly<Record<string, ParsedElement>>;

interface Dcmjs {
  readonly data: {
    readonly DicomMessage: {
      readFile(buffer: ArrayBuffer): { readonly dict: ParsedDataSet; readonly meta: ParsedDataSet };
    };
  };
}

const dcmjs = createRequire(import.meta.url)('dcmjs') as Dcmjs;

/** Reads a file with another parser than the gateway's own. */
export function parsed(film: Uint8Array): { readonly dict: ParsedDataSet; readonly meta: ParsedDataSet } {
  return dcmjs.data.DicomMessage.readFile(new Uint8Array(film).buffer);
}

/** A line of a table. */
export interface TableLine {
  readonly tag: string;
  readonly code: string;
  readonly vr: string;
  readonly keyword: string;
}

/** The lines as they stand, not as the code under test has understood them; of groups that a data set can have. */
export function linesOf(table: string = BASIC_PROFILE): readonly TableLine[] {
  return table
    .trim()
    .split('\n')
    .map((line) => line.split(' ') as [string, string, string, string])
    .map(([tag, code, vr, keyword]) => ({ tag: tag.toLowerCase(), code, vr, keyword }))
    .filter(({ tag }) => tag >= '0008');
}

/** Bytes of a number's value representation. */
const WIDTHS: Readonly<Record<string, number>> = { FD: 8, FL: 4, SL: 4, SS: 2, UL: 4, US: 2 };

/**
 * A value that is found again wherever it stays.
 *
 * @param mark - letters and digits, different for each attribute
 */
export function markedValue(vr: string, mark: string, number: number): ElementValue {
  const digits = String(100_000 + number);
  switch (vr) {
    case 'SQ':
      return [{ '00080070': ['LO', mark], '00200011': ['IS', digits] }];
    case 'UI':
      return `1.2.3.7777.${digits}`;
    case 'DA':
      return `19${digits}`;
    case 'TM':
      return `2359.${digits}`;
    case 'DT':
      return `1960${digits}`;
    case 'AS':
      return '041Y';
    case 'IS':
    case 'DS':
      return digits;
    default: {
      const width = WIDTHS[vr];
      return width === undefined ? Buffer.from(mark.length % 2 === 0 ? mark : `${mark} `) : Buffer.alloc(width, mark);
    }
  }
}

/** Every text that must be gone, among them those that {@link markedValue} has made of this mark and number. */
export function tracesOf(vr: string, mark: string, number: number): readonly string[] {
  const value = markedValue(vr, mark, number);
  if (vr === 'SQ') return [mark, String(100_000 + number)];
  if (vr === 'AS') return [];
  return [typeof value === 'string' ? value : Buffer.from(value as Uint8Array).toString('latin1')];
}

/** Elements with a marked value for each line. */
export function markedElements(lines: readonly TableLine[], prefix: string): Elements {
  return Object.fromEntries(lines.map((line, index) => [line.tag, [line.vr, valueFor(line, prefix, index)] as const]));
}

/** References to images stay with other UIDs in them. */
function valueFor({ vr, code }: TableLine, prefix: string, index: number): ElementValue {
  if (code === 'X/Z/U*') return [{ '00081155': ['UI', markedValue('UI', '', index)] }];
  return markedValue(vr, `${prefix}${index}Q`, index);
}
