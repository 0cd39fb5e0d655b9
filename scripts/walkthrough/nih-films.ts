/** Labelled films of NIH ChestX-ray14 (PNG) as DX files, in the shape that a detector sends; for the walk-through only. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { makePhantom, phantomUid } from '../../src/dicom/phantom.ts';
import { parseCsv } from '../../src/inference/evaluate/csv.ts';
import { decodePng } from '../../src/inference/films/png.ts';

/** One film, and what its radiology report said. */
export interface LabelledFilm {
  readonly sopInstanceUid: string;
  /** Labels that it has. */
  readonly labels: ReadonlySet<string>;
  /** Makes a Part 10 file of it. */
  file(): Promise<Uint8Array>;
}

/** Seeds of identifiers; with one film a study. */
const FIRST_SEED = 700_000;

/**
 * The films of a table, in its order.
 *
 * @param table - CSV: the file, `sex`, and a column of 0 or 1 for each label
 * @param folder - of the images
 */
export async function labelledFilms(table: string, folder: string): Promise<readonly LabelledFilm[]> {
  const [header, ...records] = parseCsv(await readFile(table, 'utf8'), table);
  return records.map(({ fields }, index) => {
    const seed = FIRST_SEED + index;
    const sex = fields[header?.fields.indexOf('sex') ?? -1] ?? '';
    return {
      sopInstanceUid: phantomUid(`instance ${seed}`),
      labels: new Set(header?.fields.filter((_, column) => fields[column] === '1')),
      file: () => dxFile(join(folder, fields[0] ?? ''), seed, sex),
    };
  });
}

async function dxFile(path: string, seed: number, sex: string): Promise<Uint8Array> {
  const { film: limits } = loadConfig({}, {});
  const image = decodePng(await readFile(path), limits);
  const pixels = Uint8Array.from(image.words, (word) => image.lookup[word] ?? 0);
  return makePhantom({
    seed,
    rows: 16,
    columns: 16,
    bitsStored: 8,
    elements: {
      '00100040': ['CS', sex],
      '00280010': ['US', image.rows],
      '00280011': ['US', image.columns],
      '7fe00010': ['OB', pixels],
    },
  });
}
