/** Real films, and what is done to them. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GreySource } from '../../src/dicom/evidence/thumbnail.ts';
import { PixelMemory, readFilm } from '../../src/dicom/film.ts';
import { filmFiles } from '../../src/inference/films/film-folder.ts';
import { loadFilm } from '../../src/inference/films/load-film.ts';
import { type Chance, inverted, turned } from './picture.ts';

export const LIMITS = { maxFileBytes: 2 ** 30, maxHeaderBytes: 2 ** 24, maxDimension: 16_384 };

/** A film as grey values. */
export interface Grey {
  readonly rows: number;
  readonly columns: number;
  readonly values: Uint8Array;
}

const IDENTITY = Uint8Array.from({ length: 256 }, (_, grey) => grey);

/** As `reduceToThumbnail` takes it. */
export const asSource = ({ rows, columns, values }: Grey): GreySource => ({
  rows,
  columns,
  words: values,
  lookup: IDENTITY,
});

/** Every PNG or JPEG of a folder by name, sorted. */
export async function pictures(folder: string): Promise<Grey[]> {
  const films: Grey[] = [];
  for (const file of (await readdir(folder)).sort()) {
    films.push(toGreyValues(await loadFilm(join(folder, file), LIMITS, new PixelMemory())));
  }
  return films;
}

/** Every monochrome picture of a folder at any depth that can be decoded, DICOM, PNG or JPEG, whatever it shows. */
export async function anyPictures(folder: string): Promise<{ name: string; film: Grey }[]> {
  const found: { name: string; film: Grey }[] = [];
  for (const name of await filmFiles(folder)) {
    try {
      const path = join(folder, name);
      const isDicom = !/\.(png|jpe?g)$/i.test(name);
      const film = isDicom ? (await readFilm(path, LIMITS)).film : await loadFilm(path, LIMITS, new PixelMemory());
      if (Math.min(film.rows, film.columns) >= 128) found.push({ name, film: toGreyValues(film) });
    } catch {
      // Reports, colour pictures and broken files are no part of this measurement.
    }
  }
  return found;
}

function toGreyValues({ rows, columns, words, lookup }: GreySource): Grey {
  const values = new Uint8Array(rows * columns);
  for (let index = 0; index < values.length; index += 1) values[index] = lookup[words[index] as number] as number;
  return { rows, columns, values };
}

/** A part of a film; all numbers are shares of its sides. */
export function crop({ rows, columns, values }: Grey, top: number, left: number, side: number): Grey {
  const [y, x] = [Math.floor(top * rows), Math.floor(left * columns)];
  const [height, width] = [Math.floor(side * rows), Math.floor(side * columns)];
  const part = new Uint8Array(height * width);
  for (let row = 0; row < height; row += 1) {
    const start = (y + row) * columns + x;
    part.set(values.subarray(start, start + width), row * width);
  }
  return { rows: height, columns: width, values: part };
}

/** A part of `side` at a random place. */
export function randomCrop(film: Grey, chance: Chance, side: number): Grey {
  return crop(film, chance.between(0, 1 - side), chance.between(0, 1 - side), side);
}

/** The film on a larger ground of one grey. */
export function onGround(film: Grey, chance: Chance, share: number, ground: number): Grey {
  const [rows, columns] = [Math.round(film.rows / share), Math.round(film.columns / share)];
  const values = new Uint8Array(rows * columns).fill(ground);
  const [top, left] = [chance.whole(0, rows - film.rows + 1), chance.whole(0, columns - film.columns + 1)];
  for (let row = 0; row < film.rows; row += 1) {
    const line = film.values.subarray(row * film.columns, (row + 1) * film.columns);
    values.set(line, (top + row) * columns + left);
  }
  return { rows, columns, values };
}

/** Each grey value through a function, rounded and clipped. */
export function mapGrey(film: Grey, change: (grey: number) => number): Grey {
  return {
    ...film,
    values: Uint8Array.from(film.values, (grey) => Math.min(255, Math.max(0, Math.round(change(grey))))),
  };
}

/** A square film turned clockwise by quarter turns. */
export function turnFilm(film: Grey, quarterTurns: number): Grey {
  if (film.rows !== film.columns) return turnOblong(film, quarterTurns);
  return { ...film, values: turned(film.values, quarterTurns, film.rows) };
}

function turnOblong(film: Grey, quarterTurns: number): Grey {
  let now = film;
  for (let count = 0; count < quarterTurns; count += 1) {
    const { rows, columns, values } = now;
    const next = new Uint8Array(values.length);
    for (let row = 0; row < columns; row += 1) {
      for (let column = 0; column < rows; column += 1) {
        next[row * rows + column] = values[(rows - 1 - column) * columns + row] as number;
      }
    }
    now = { rows: columns, columns: rows, values: next };
  }
  return now;
}

export const invertFilm = (film: Grey): Grey => ({ ...film, values: inverted(film.values) });

/** Two films in one picture, the second brought to the height or width of the first. */
export function montage(first: Grey, second: Grey, placed: 'BESIDE' | 'BELOW'): Grey {
  const beside = placed === 'BESIDE';
  const [rows, columns] = beside ? [first.rows, 2 * first.columns] : [2 * first.rows, first.columns];
  const values = Uint8Array.from({ length: rows * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    const film = (beside ? column < first.columns : row < first.rows) ? first : second;
    const y = Math.floor(((row % first.rows) * film.rows) / first.rows);
    const x = Math.floor(((column % first.columns) * film.columns) / first.columns);
    return film.values[y * film.columns + x] as number;
  });
  return { rows, columns, values };
}
