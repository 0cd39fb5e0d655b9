/**
 * Measures the pixel evidence of the gate and prints the table of docs/films.md: which share of films is excluded, warned of
 * or read in silence, for upright frontal films, for the same films ill-treated, for drawings, and for other pictures.
 *
 *   node scripts/measure-pixel-evidence.ts FILMS [--other FOLDER]... [--frontal FOLDER]... [--list]
 *
 * FILMS: upright frontal films as PNG that the weights were not fitted on. --other: pictures that show no frontal
 * chest, each taken in all eight poses. --frontal: films that do. --list: names those of both that are remarkable.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { assessPixels } from '../src/dicom/evidence/assess-pixels.ts';
import type { EligibilityAssessment } from '../src/dicom/gate-rules.ts';
import { DRAWINGS } from './pixel-evidence/drawings.ts';
import {
  anyPictures,
  asSource,
  crop,
  type Grey,
  invertFilm,
  mapGrey,
  montage,
  onGround,
  pictures,
  randomCrop,
  turnFilm,
} from './pixel-evidence/films.ts';
import { Chance, SIDE, toGrey } from './pixel-evidence/picture.ts';
import { simulateThorax } from './pixel-evidence/thorax.ts';
import { wilson } from './pixel-evidence/wilson.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    other: { type: 'string', multiple: true, default: [] },
    frontal: { type: 'string', multiple: true, default: [] },
    list: { type: 'boolean', default: false },
  },
});
const folder = positionals[0];
if (folder === undefined) {
  process.stderr.write('Which folder of films? node scripts/measure-pixel-evidence.ts FILMS [--other FOLDER]...\n');
  process.exit(2);
}

/** Not that of the fit. */
const SEED = 4711;
const DRAWINGS_OF_A_KIND = 300;

const films = await pictures(resolve(folder));
const chance = new Chance(SEED);

/** What is done to each film. */
const TREATMENTS: Readonly<Record<string, (film: Grey) => Grey>> = {
  'upright frontal films': (film) => film,
  '- mirrored': (film) => ({ ...film, values: mirror(film) }),
  '- with noise (deviation 40 of 255)': (film) => mapGrey(film, (grey) => grey + 40 * chance.normal()),
  '- contrast reduced to a third': (film) => mapGrey(film, (grey) => 85 + grey / 3),
  '- overexposed (half of the range is lost)': (film) => mapGrey(film, (grey) => 2 * grey - 128),
  '- gamma 0.5': (film) => mapGrey(film, (grey) => 255 * Math.sqrt(grey / 255)),
  '- gamma 2': (film) => mapGrey(film, (grey) => grey ** 2 / 255),
  '- 90 % of height and width': (film) => randomCrop(film, chance, 0.9),
  '- 80 % of height and width': (film) => randomCrop(film, chance, 0.8),
  '- in black collimation, two thirds of the side': (film) => onGround(film, chance, 2 / 3, 0),
  '- in white collimation, two thirds of the side': (film) => onGround(film, chance, 2 / 3, 255),
  inverted: invertFilm,
  'upside down': (film) => turnFilm(film, 2),
  'turned by 90 degrees': (film) => turnFilm(film, 1),
  'turned by 270 degrees': (film) => turnFilm(film, 3),
  'inverted and upside down': (film) => invertFilm(turnFilm(film, 2)),
  'inverted and turned by 90 degrees': (film) => invertFilm(turnFilm(film, 1)),
  'contrast reduced to a tenth': (film) => mapGrey(film, (grey) => 115 + grey / 10),
  'saturated (one level remains)': (film) => mapGrey(film, (grey) => (grey - 200) * 100),
  'a third of height and width': (film) => randomCrop(film, chance, 1 / 3),
  'the lowest third of the height': (film) => crop(film, 2 / 3, 1 / 3, 1 / 3),
};

process.stdout.write(
  '| pictures | number | excluded | warned | silent | excluded or warned, 95 % |\n|---|---|---|---|---|---|\n',
);
for (const [name, treat] of Object.entries(TREATMENTS))
  row(
    name,
    films.map((film) => judge(treat(film))),
  );
row(
  'blank with noise',
  films.map(() => judge(noise(2))),
);
row(
  'noise alone',
  films.map(() => judge(noise(60))),
);
const next = (index: number): Grey => films[(index + 1) % films.length] as Grey;
row(
  'two films side by side',
  films.map((film, index) => judge(montage(film, next(index), 'BESIDE'))),
);
row(
  'two films one above the other',
  films.map((film, index) => judge(montage(film, next(index), 'BELOW'))),
);
row(
  'a film and a simulated lateral one side by side',
  films.map((film) => judge(montage(film, simulated('LATERAL'), 'BESIDE'))),
);
for (const projection of ['FRONTAL', 'LATERAL'] as const) {
  row(
    `simulated, ${projection.toLowerCase()}`,
    films.map(() => judge(simulated(projection))),
  );
}
for (const [name, drawing] of Object.entries(DRAWINGS)) {
  const drawn = Array.from({ length: DRAWINGS_OF_A_KIND }, () => {
    return judge({ rows: SIDE, columns: SIDE, values: toGrey(drawing(chance)) });
  });
  row(`drawings: ${name}`, drawn);
}
for (const each of values.frontal) {
  const found = await anyPictures(resolve(each));
  const judged = found.map(({ film }) => judge(film));
  row(`frontal films of ${each}`, judged);
  list(
    found.map(({ name }) => name),
    judged,
    'READ',
  );
}
for (const each of values.other) {
  const found = (await anyPictures(resolve(each))).flatMap(({ name, film }) =>
    [film, invertFilm(film)].flatMap((polarity) =>
      [0, 1, 2, 3].map((turns) => ({
        name: `${name} ${turns}${polarity === film ? '' : ' inverted'}`,
        film: turnFilm(polarity, turns),
      })),
    ),
  );
  const judged = found.map(({ film }) => judge(film));
  row(`other pictures of ${each}, in eight poses`, judged);
  list(
    found.map(({ name }) => name),
    judged,
    'INELIGIBLE',
  );
}

function simulated(projection: 'FRONTAL' | 'LATERAL'): Grey {
  return { rows: SIDE, columns: SIDE, values: toGrey(simulateThorax(chance, projection)) };
}

function judge(film: Grey): EligibilityAssessment {
  return assessPixels(asSource(film));
}

function row(name: string, judged: readonly EligibilityAssessment[]): void {
  const count = (verdict: EligibilityAssessment['verdict']) => judged.filter((each) => each.verdict === verdict).length;
  const [excluded, warned, silent] = [count('INELIGIBLE'), count('READ_WITH_WARNING'), count('READ')];
  const { low, high } = wilson(excluded + warned, judged.length);
  const percent = (share: number) => (100 * share).toFixed(1);
  process.stdout.write(
    `| ${name} | ${judged.length} | ${excluded} | ${warned} | ${silent} | ${percent(low)} to ${percent(high)} % |\n`,
  );
}

function list(names: readonly string[], judged: readonly EligibilityAssessment[], usual: string): void {
  if (!values.list) return;
  for (const [index, { verdict, reasons }] of judged.entries()) {
    if (verdict !== usual) process.stdout.write(`  ${names[index]}: ${verdict} ${reasons.join(' ')}\n`);
  }
}

function mirror({ values: grey, columns }: Grey): Uint8Array {
  return grey.map((_, index) => grey[index - (index % columns) + columns - 1 - (index % columns)] as number);
}

function noise(deviation: number): Grey {
  return mapGrey(
    { rows: 512, columns: 512, values: new Uint8Array(512 * 512).fill(128) },
    (grey) => grey + deviation * chance.normal(),
  );
}
