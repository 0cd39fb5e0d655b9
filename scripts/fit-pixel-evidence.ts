/**
 * Fits the weights by which the gate knows a frontal chest film (src/dicom/evidence/frontal-weights.ts) from a folder of
 * upright frontal films, and writes them. The same films give the same file.
 *
 *   node scripts/fit-pixel-evidence.ts FOLDER            writes it
 *   node scripts/fit-pixel-evidence.ts FOLDER --folds    leaves out a quarter of the films at a time and prints what the
 *                                                        left-out films score, from which the thresholds are chosen
 *
 * Frontal: each film, parts of it that show most of it, and the film on a larger ground. Not frontal: the same in the
 * seven other poses; small parts of films; drawings of what is no chest. Left and right are made equal.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { reduceToThumbnail } from '../src/dicom/evidence/thumbnail.ts';
import { VIEW_SIDE, viewsOf } from '../src/dicom/evidence/views.ts';
import { DRAWINGS } from './pixel-evidence/drawings.ts';
import { asSource, type Grey, onGround, pictures, randomCrop } from './pixel-evidence/films.ts';
import { type Example, fitLogistic } from './pixel-evidence/logistic.ts';
import { Chance, inverted, toGrey, turned } from './pixel-evidence/picture.ts';

const FILE = resolve(import.meta.dirname, '..', 'src', 'dicom', 'evidence', 'frontal-weights.ts');
const RIDGE = 0.03;
const SEED = 1;
const DRAWINGS_OF_A_KIND = 400;
const HALF = VIEW_SIDE / 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { folds: { type: 'boolean', default: false } },
});
const folder = positionals[0];
if (folder === undefined) {
  process.stderr.write('Which folder of upright frontal films? node scripts/fit-pixel-evidence.ts FOLDER [--folds]\n');
  process.exit(2);
}

/** A view is folded in the middle: the weights are the same left and right. */
function fold(view: Float64Array): Float64Array {
  return Float64Array.from({ length: VIEW_SIDE * HALF }, (_, index) => {
    const [row, column] = [Math.floor(index / HALF), index % HALF];
    const left = view[row * VIEW_SIDE + column] as number;
    return left + (view[row * VIEW_SIDE + VIEW_SIDE - 1 - column] as number);
  });
}

const wholeView = (thumbnail: Uint8Array): Float64Array => viewsOf(thumbnail)[0] as Float64Array;

/** A picture in all eight poses, upright first. */
function poses(thumbnail: Uint8Array): Float64Array[] {
  return [thumbnail, inverted(thumbnail)].flatMap((each) =>
    [0, 1, 2, 3].map((turns) => fold(wholeView(turned(each, turns)))),
  );
}

/** A film as it may come: whole, a little cut off, or on a larger ground. */
function appearances(film: Grey, chance: Chance): Grey[] {
  const cut = Array.from({ length: 5 }, () => randomCrop(film, chance, chance.between(0.78, 1)));
  const grounds = [0, 255].map((ground) => onGround(film, chance, chance.between(0.6, 0.95), ground));
  return [film, ...cut, ...grounds];
}

function examplesOf(films: readonly Grey[]): Example[] {
  const chance = new Chance(SEED);
  const frontal: Float64Array[] = [];
  const otherPoses: Float64Array[] = [];
  const others: Float64Array[] = [];
  for (const film of films) {
    for (const appearance of appearances(film, chance)) {
      const [upright, ...rest] = poses(reduceToThumbnail(asSource(appearance)));
      if (upright !== undefined) frontal.push(upright);
      otherPoses.push(...rest);
    }
    for (let count = 0; count < 3; count += 1) {
      const part = randomCrop(film, chance, chance.between(0.25, 0.45));
      others.push(...poses(reduceToThumbnail(asSource(part))));
    }
  }
  for (const drawing of Object.values(DRAWINGS)) {
    for (let count = 0; count < DRAWINGS_OF_A_KIND; count += 1) others.push(...poses(toGrey(drawing(chance))));
  }
  return [
    ...frontal.map((features) => ({ features, positive: true, weight: 0.5 / frontal.length })),
    ...otherPoses.map((features) => ({ features, positive: false, weight: 0.25 / otherPoses.length })),
    ...others.map((features) => ({ features, positive: false, weight: 0.25 / others.length })),
  ];
}

function unfold(coefficients: Float64Array): { weights: number[]; bias: number } {
  const weights = Array.from({ length: VIEW_SIDE * VIEW_SIDE }, (_, index) => {
    const [row, column] = [Math.floor(index / VIEW_SIDE), index % VIEW_SIDE];
    return coefficients[row * HALF + Math.min(column, VIEW_SIDE - 1 - column)] as number;
  });
  return { weights, bias: coefficients[coefficients.length - 1] as number };
}

/** Lines of numbers as the formatter of the repository leaves them. */
function toSource({ weights, bias }: { weights: readonly number[]; bias: number }, films: number): string {
  const lines: string[] = [];
  let line = ' ';
  for (const weight of weights) {
    const text = ` ${Number(weight.toFixed(4))},`;
    if (line.length + text.length > 120) {
      lines.push(line);
      line = ' ';
    }
    line += text;
  }
  lines.push(line);
  return `/**
 * Made by scripts/fit-pixel-evidence.ts from ${films} films of ChestX-ray14 (Wang et al., CVPR 2017; NIH Clinical Center): sums
 * over all of them, from which no film can be had back. Weights of the ranks of a view of ${VIEW_SIDE} x ${VIEW_SIDE}, row-major.
 */
export const FRONTAL_WEIGHTS: readonly number[] = [
${lines.join('\n')}
];

/** Logit of a view without any darker and brighter parts. */
export const FRONTAL_BIAS = ${Number(bias.toFixed(4))};
`;
}

/** Scores of films that the fit did not see. */
function foldScores(films: readonly Grey[]): void {
  const rows: { whole: number; upright: number; rival: number }[] = [];
  for (let part = 0; part < 4; part += 1) {
    const { weights, bias } = unfold(fitLogistic(examplesOf(films.filter((_, index) => index % 4 !== part)), RIDGE));
    const score = (view: Float64Array) => weights.reduce((sum, w, index) => sum + w * (view[index] as number), bias);
    for (const film of films.filter((_, index) => index % 4 === part)) {
      const thumbnail = reduceToThumbnail(asSource(film));
      const best = [thumbnail, inverted(thumbnail)].flatMap((each) =>
        [0, 1, 2, 3].map((turns) => Math.max(...viewsOf(turned(each, turns)).map(score))),
      );
      rows.push({
        whole: score(wholeView(thumbnail)),
        upright: best[0] as number,
        rival: Math.max(...best.slice(1)) - (best[0] as number),
      });
    }
  }
  const sorted = (key: 'whole' | 'upright' | 'rival') => rows.map((row) => row[key]).sort((a, b) => a - b);
  const list = (numbers: readonly number[]) => numbers.map((value) => value.toFixed(2)).join(' ');
  process.stdout.write(`upright, lowest: ${list(sorted('upright').slice(0, 8))}\n`);
  process.stdout.write(`whole, lowest: ${list(sorted('whole').slice(0, 8))}\n`);
  process.stdout.write(`rival above upright, highest: ${list(sorted('rival').slice(-8))}\n`);
}

const films = await pictures(resolve(folder));
if (values.folds) foldScores(films);
else await writeFile(FILE, toSource(unfold(fitLogistic(examplesOf(films), RIDGE)), films.length));
