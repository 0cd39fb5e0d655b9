/** Real films: nothing of who they are of stays, every pixel does. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFilm } from '../../../src/dicom/film.ts';
import { readHeader } from '../../../src/dicom/header.ts';
import { sharedData } from '../../support/shared.ts';
import { errorOf, fileOf, LIMITS } from '../support.ts';
import { deidentified, linesOf, type ParsedDataSet, parsed } from './support.ts';

const shared = sharedData();
const FILMS = [
  'films/chest/nema-966-dx-mono1-jpeg2000-lossless.dcm',
  'films/chest/nema-rg1-cr-mono1-jpeg2000.dcm',
  'films/chest/nema-rg1-cr-mono1-jpegls-near.dcm',
  'films/refuse/cr-hip-rle.dcm',
  'films/refuse/ct-explicit.dcm',
  'syntaxes/rg3-jpeg-lossless.dcm',
  'syntaxes/rg3-uncompressed-explicit.dcm',
  'syntaxes/mr-bigendian.dcm',
  'syntaxes/mr-implicit.dcm',
];

/** Lines of which nothing may stay. */
const GONE = linesOf().filter(({ code, vr }) => code !== 'X/Z/U*' && vr !== 'SQ');

describe.skipIf(shared === undefined)('real films (needs ../shared)', () => {
  const pathOf = (film: string) => join(shared ?? '', 'data', film);

  test.each(FILMS)('%s', async (film) => {
    const path = pathOf(film);
    const bytes = await deidentified(path);
    const header = bytes.subarray(0, bytes.lastIndexOf(Buffer.from('e07f1000', 'hex'))).toString('latin1');
    const kept = valuesOf(parsed(await readFile(path)).dict, (tag) => !GONE.some((line) => line.tag === tag));
    const secrets = valuesOf(parsed(await readFile(path)).dict, (tag) => GONE.some((line) => line.tag === tag));
    // What another attribute that is kept says too is no trace: a manufacturer named as the institution.
    const left = secrets.filter(
      (value) => value.length > 4 && !kept.some((text) => text.includes(value)) && header.includes(value),
    );
    expect(left).toEqual([]);
    const copy = await fileOf(bytes);
    const [original, cleaned] = [await readFilm(path, LIMITS), await readFilm(copy, LIMITS)];
    expect(Buffer.compare(Buffer.from(cleaned.film.words), Buffer.from(original.film.words))).toBe(0);
    expect((await readHeader(copy, LIMITS)).image).toEqual(original.header.image);
  });

  test.each(['films/chest/nih-00000001-dx-implicit.dcm', 'films/chest/rsna-cr-pa-jpeg-baseline.dcm'])(
    '%s, a secondary capture that does not say whether text is in it, is refused',
    async (film) => {
      expect((await errorOf(deidentified(pathOf(film)))).code).toBe('DEIDENTIFICATION_REFUSED');
    },
  );
});

/** Texts and numbers of the attributes, those of items among them. */
function valuesOf(dataSet: ParsedDataSet, wanted: (tag: string) => boolean): string[] {
  return Object.entries(dataSet).flatMap(([tag, { vr, Value }]) => {
    if (tag === '7FE00010') return [];
    if (vr === 'SQ') return (Value as ParsedDataSet[]).flatMap((item) => valuesOf(item, wanted));
    return wanted(tag.toLowerCase()) ? Value.map((value) => textOf(value)).filter((text) => text !== '') : [];
  });
}

function textOf(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'Alphabetic' in value) return String(value.Alphabetic);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
