/**
 * How much a thumbnail looks like a frontal chest film, in each of the eight ways in which its rows, columns and polarity
 * can be turned: the logit of a logistic regression on the ranks of a view, whose weights (frontal-weights.ts) are one
 * map that can be looked at: lungs below zero, mediastinum, shoulders and abdomen above. It is the same left and right,
 * so it says nothing of mirrored films.
 */
import { FRONTAL_BIAS, FRONTAL_WEIGHTS } from './frontal-weights.ts';
import { mediastinalProminence } from './mediastinum.ts';
import { halvesOf, VIEW_SIDE, viewsOf } from './views.ts';

/** How the film lies: turned clockwise by quarter turns, and whether black and white are exchanged. */
export interface Pose {
  readonly quarterTurns: 0 | 1 | 2 | 3;
  readonly inverted: boolean;
}

/** What the eight poses score. */
export interface FrontalScores {
  /** Logit of the upright film in its best view. */
  readonly upright: number;
  /** Logit of the upright film as a whole. */
  readonly whole: number;
  /** Of the other poses the one that scores best. */
  readonly rival: Pose;
  readonly rivalScore: number;
  /** Logit of two pictures in one: of the better half side by side, of the worse half one above the other. */
  readonly montage: number;
  /** Of the upright film in its clearest view; see mediastinum.ts. */
  readonly mediastinum: number;
}

const POSES: readonly Pose[] = [false, true].flatMap((inverted) =>
  ([0, 1, 2, 3] as const).map((quarterTurns) => ({ quarterTurns, inverted })),
);

/** The weights as they lie over a film in each pose. */
const WEIGHTS: readonly Float64Array[] = POSES.map(({ quarterTurns, inverted }) =>
  turn(Float64Array.from(FRONTAL_WEIGHTS), quarterTurns).map((weight) => (inverted ? -weight : weight)),
);

/** Scores a thumbnail of 64 x 64 grey values. */
export function scoreFrontalChest(thumbnail: Uint8Array): FrontalScores {
  const views = viewsOf(thumbnail);
  const scores = WEIGHTS.map((weights) => views.map((view) => logit(weights, view)));
  const best = scores.map((ofViews) => Math.max(...ofViews));
  let rival = 1;
  for (let pose = 2; pose < best.length; pose += 1) if ((best[pose] as number) > (best[rival] as number)) rival = pose;
  return {
    upright: best[0] as number,
    whole: scores[0]?.[0] as number,
    rival: POSES[rival] as Pose,
    rivalScore: best[rival] as number,
    montage: scoreMontage(thumbnail),
    mediastinum: Math.max(...views.map(mediastinalProminence)),
  };
}

/**
 * Half of a frontal film never looks like a whole one from the left or right, so one such half is enough (a frontal film
 * beside a lateral one); its lower half may, so that of two films one above the other both must.
 */
function scoreMontage(thumbnail: Uint8Array): number {
  const upright = WEIGHTS[0] as Float64Array;
  const { left, right, top, bottom } = halvesOf(thumbnail);
  return Math.max(logit(upright, left), logit(upright, right), Math.min(logit(upright, top), logit(upright, bottom)));
}

/** A square map turned clockwise by quarter turns. */
export function turn(map: Float64Array, quarterTurns: number): Float64Array {
  let turned = map;
  for (let count = 0; count < quarterTurns; count += 1) {
    const before = turned;
    turned = before.map((_, index) => {
      const [row, column] = [Math.floor(index / VIEW_SIDE), index % VIEW_SIDE];
      return before[(VIEW_SIDE - 1 - column) * VIEW_SIDE + row] as number;
    });
  }
  return turned;
}

function logit(weights: Float64Array, view: Float64Array): number {
  return FRONTAL_BIAS + dot(weights, view);
}

function dot(weights: Float64Array, view: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < weights.length; index += 1) sum += (weights[index] as number) * (view[index] as number);
  return sum;
}
