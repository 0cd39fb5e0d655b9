/** The films that the demo sends: the user's own, or synthetic chest phantoms made in code. */
import { randomInt } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makePhantom, type PhantomOptions } from '../dicom/phantom.ts';
import { GatewayError } from '../errors.ts';

/** A film to send. */
export interface DemoFilm {
  readonly name: string;
  /** Its bytes, anew at each call. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

/** Every file named, and every file of every folder named, at any depth. */
export async function filmsOf(paths: readonly string[]): Promise<DemoFilm[]> {
  const films: DemoFilm[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => undefined);
    if (info === undefined) throw new GatewayError('NOT_FOUND', `There is no file or folder ${path}.`);
    const files = info.isDirectory()
      ? (await readdir(path, { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
      : [path];
    for (const file of files) films.push({ name: basename(file), bytes: () => createReadStream(file) });
  }
  return films;
}

/**
 * Phantoms with fresh identifiers, so that every run of the demo has something new to read. The lateral one shows what the
 * gate refuses.
 */
export function phantoms(): DemoFilm[] {
  const seed = randomInt(2 ** 30);
  const kinds: readonly (readonly [string, Partial<PhantomOptions>])[] = [
    ['phantom 1, DX, MONOCHROME2', { photometricInterpretation: 'MONOCHROME2' }],
    ['phantom 2, DX, MONOCHROME1', { photometricInterpretation: 'MONOCHROME1' }],
    ['phantom 3, DX, 2048x2048', { rows: 2048, columns: 2048 }],
    ['phantom 4, DX, lateral view', { elements: { '00185101': ['CS', 'LL'] } }],
  ];
  return kinds.map(([name, options], index) => ({
    name,
    bytes: async function* () {
      yield makePhantom({ seed: seed + index, ...options });
    },
  }));
}
