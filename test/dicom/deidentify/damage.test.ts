import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { writePart10 } from '../../../src/dicom/part10-writer.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '../../../src/dicom/transfer-syntaxes.ts';
import { GatewayError } from '../../../src/errors.ts';
import { fileOf, smallFilm } from '../support.ts';
import { deidentified, linesOf, markedElements } from './support.ts';

const ROUNDS = 400;

/** Repeatable whole numbers below a bound (mulberry32). */
function numbersBelow(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

test.each([
  ['Explicit VR', EXPLICIT_VR_LITTLE_ENDIAN],
  ['Implicit VR', IMPLICIT_VR_LITTLE_ENDIAN],
])('damaged films end in a film or in a coded error, %s', async (_name, syntax) => {
  const lines = linesOf();
  const inner = markedElements(lines, 'INNER');
  const film = writePart10(
    smallFilm({ ...markedElements(lines, 'OUTER'), '0040a043': ['SQ', [{ '0040a043': ['SQ', [inner]] }]] }),
    syntax,
  );
  const path = await fileOf(film);
  const below = numbersBelow(7);
  const outcomes = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const damaged = Buffer.from(film.subarray(0, round % 10 === 0 ? below(film.length) : film.length));
    for (let hit = 0; hit < 1 + (round % 4); hit += 1) damaged[below(Math.max(1, damaged.length))] = below(256);
    await writeFile(path, damaged);
    const outcome = await deidentified(path).then(
      () => 'film',
      (error: unknown) => (error instanceof GatewayError ? error.code : String(error)),
    );
    outcomes.add(outcome);
  }
  const coded = [...outcomes].filter((outcome) => !/^[A-Z_]+$/.test(outcome) && outcome !== 'film');
  expect(coded).toEqual([]);
  expect(outcomes).toContain('film');
});
