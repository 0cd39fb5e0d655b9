import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  anyPictures,
  asSource,
  type Grey,
  invertFilm,
  mapGrey,
  montage,
  onGround,
  pictures,
  turnFilm,
} from '../../../scripts/pixel-evidence/films.ts';
import { Chance, SIDE, toGrey } from '../../../scripts/pixel-evidence/picture.ts';
import { type Projection, simulateThorax } from '../../../scripts/pixel-evidence/thorax.ts';
import { assessPixels } from '../../../src/dicom/evidence/assess-pixels.ts';
import { makePhantom } from '../../../src/dicom/phantom.ts';
import { sharedData } from '../../support/shared.ts';
import { filmOf } from '../support.ts';

const names = (film: Grey): string[] => [
  assessPixels(asSource(film)).verdict,
  ...assessPixels(asSource(film)).reasons.map((reason) => reason.split(':')[0] ?? ''),
];

async function phantom(seed: number, side = 256): Promise<Grey> {
  const film = await filmOf(makePhantom({ seed, rows: side, columns: side }));
  return { rows: side, columns: side, values: Uint8Array.from(film.words, (word) => film.lookup[word] as number) };
}

/** A border of one grey that takes a fifth of the area. */
const border = (ground: number) => (film: Grey) => onGround(film, new Chance(5), 0.9, ground);

describe('phantoms', () => {
  test.each([128, 256, 600])('of %i pixels are read without a word', async (side) => {
    for (let seed = 1; seed <= 6; seed += 1) expect(names(await phantom(seed, side))).toEqual(['READ']);
  });

  test.each<[string, (film: Grey) => Grey, string[]]>([
    ['inverted', invertFilm, ['INELIGIBLE', 'PIXELS_INVERTED']],
    ['upside down', (film) => turnFilm(film, 2), ['INELIGIBLE', 'PIXELS_ROTATED']],
    ['turned clockwise', (film) => turnFilm(film, 1), ['INELIGIBLE', 'PIXELS_ROTATED']],
    ['turned counterclockwise', (film) => turnFilm(film, 3), ['INELIGIBLE', 'PIXELS_ROTATED']],
    ['inverted and upside down', (film) => invertFilm(turnFilm(film, 2)), ['INELIGIBLE', 'PIXELS_INVERTED']],
    [
      'of a fifth of the contrast',
      (film) => mapGrey(film, (grey) => 100 + grey / 5),
      ['READ_WITH_WARNING', 'PIXELS_LOW_CONTRAST'],
    ],
    ['of a tenth of the contrast', (film) => mapGrey(film, (grey) => 100 + grey / 10), ['INELIGIBLE', 'PIXELS_BLANK']],
    ['of one grey', (film) => mapGrey(film, () => 90), ['INELIGIBLE', 'PIXELS_BLANK']],
    [
      'of black and white alone',
      (film) => mapGrey(film, (grey) => (grey - 90) * 500),
      ['INELIGIBLE', 'PIXELS_SATURATED'],
    ],
    ['with a white border', border(255), ['READ_WITH_WARNING', 'PIXELS_WHITE_BORDER']],
    ['with a black border', border(0), ['READ']],
    ['with a grey border', border(200), ['READ']],
    ['mirrored, which is not seen', mirror, ['READ']],
  ])('%s', async (_, change, expected) => {
    expect(names(change(await phantom(2)))).toEqual(expected);
  });

  test('the reason says how the film lies', async () => {
    const { reasons } = assessPixels(asSource(invertFilm(turnFilm(await phantom(3), 1))));
    expect(reasons).toEqual([
      'PIXELS_INVERTED: The pixels fit a chest film that is inverted and turned clockwise by 90 degrees.',
    ]);
  });

  test('rules that do other than usual', async () => {
    const inverted = asSource(invertFilm(await phantom(4)));
    expect(assessPixels(inverted, { PIXELS_INVERTED: 'WARN' }).verdict).toBe('READ_WITH_WARNING');
    expect(assessPixels(inverted, { PIXELS_INVERTED: 'IGNORE' })).toEqual({ verdict: 'READ', reasons: [] });
  });
});

describe('several films in one picture', () => {
  test.each(['BESIDE', 'BELOW'] as const)('phantoms: one %s the other', async (placed) => {
    for (let seed = 1; seed <= 6; seed += 1) {
      const picture = montage(await phantom(seed), await phantom(seed + 1), placed);
      expect(names(picture)).toEqual(['INELIGIBLE', 'PIXELS_MONTAGE']);
    }
  });

  test('a frontal and a lateral film', async () => {
    for (let seed = 1; seed <= 6; seed += 1) {
      const [frontal, lateral] = [await phantom(seed), simulated(seed, 'LATERAL')];
      expect(names(montage(frontal, lateral, 'BESIDE'))[0]).toBe('INELIGIBLE');
      expect(names(montage(lateral, frontal, 'BESIDE'))[0]).toBe('INELIGIBLE');
    }
  });
});

describe('a simulated thorax', () => {
  const verdicts = (projection: Projection): string[] =>
    Array.from({ length: 40 }, (_, seed) => names(simulated(seed + 1, projection))[0] as string);

  test('is read from the front, and from the side with a warning in four cases of five', () => {
    expect(verdicts('FRONTAL').every((verdict) => verdict === 'READ')).toBe(true);
    expect(verdicts('LATERAL').filter((verdict) => verdict === 'READ').length).toBeLessThanOrEqual(8);
  });
});

test('stripes, chequers and noise are no chest', () => {
  const picture = (grey: (row: number, column: number) => number): Grey => ({
    rows: 512,
    columns: 512,
    values: Uint8Array.from({ length: 512 * 512 }, (_, index) => grey(index >> 9, index & 511)),
  });
  expect(names(picture((row, column) => (((row >> 6) + (column >> 6)) % 2) * 200))[0]).toBe('INELIGIBLE');
  expect(names(picture((row, column) => (row * 7919 + column * 104_729) % 251))[0]).toBe('INELIGIBLE');
  expect(names(picture((_, column) => ((column >> 5) % 2) * 200))).toEqual(['INELIGIBLE', 'PIXELS_NO_FRONTAL_CHEST']);
});

const shared = sharedData();

describe.skipIf(shared === undefined)('real films (needs ../shared)', () => {
  const data = join(shared ?? '', 'data');

  test('of 300 upright ones none is lost, and eight are read with a warning', { timeout: 60_000 }, async () => {
    const films = await pictures(join(data, 'nih', 'evaluation'));
    const count: Record<string, number> = {};
    for (const film of films) {
      const { verdict } = assessPixels(asSource(film));
      count[verdict] = (count[verdict] ?? 0) + 1;
      expect(assessPixels(asSource(invertFilm(film))).verdict).toBe('INELIGIBLE');
    }
    expect(count).toEqual({ READ: 292, READ_WITH_WARNING: 8 });
  });

  test('none on a white ground is read in silence, and none is warned of for a black one', {
    timeout: 60_000,
  }, async () => {
    const films = await pictures(join(data, 'nih', 'evaluation'));
    const readInSilence = films.filter((film) => assessPixels(asSource(border(255)(film))).verdict === 'READ');
    expect(readInSilence).toHaveLength(0);
    const reasons = films.flatMap((film) => assessPixels(asSource(border(0)(film))).reasons);
    expect(reasons.filter((reason) => reason.startsWith('PIXELS_WHITE_BORDER'))).toEqual([]);
  });

  test('chest films of five makers are read without a word', async () => {
    const films = await anyPictures(join(data, 'films', 'chest'));
    expect(films).toHaveLength(readdirSync(join(data, 'films', 'chest')).length);
    expect(films.map(({ name, film }) => [name, ...names(film)])).toEqual(films.map(({ name }) => [name, 'READ']));
  });

  test('a leg, a hip, a breast and slices are not read in silence', async () => {
    const others = await anyPictures(join(data, 'films', 'refuse'));
    expect(others.length).toBeGreaterThan(4);
    for (const { name, film } of others) expect(names(film)[0], name).not.toBe('READ');
  });
});

function mirror({ rows, columns, values }: Grey): Grey {
  return {
    rows,
    columns,
    values: values.map((_, index) => values[index - 2 * (index % columns) + columns - 1] as number),
  };
}

function simulated(seed: number, projection: Projection): Grey {
  return { rows: SIDE, columns: SIDE, values: toGrey(simulateThorax(new Chance(seed), projection)) };
}
