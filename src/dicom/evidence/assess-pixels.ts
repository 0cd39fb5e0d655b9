/**
 * The gate's second half: whether the pixels of a film can be a frontal chest film, the right way up and with air dark.
 * Headers lie and are silent; a model reads whatever it is given, and what comes of it looks like any other finding.
 *
 * Thresholds were set on films that the weights were not fitted on, by four-fold cross-validation of 128 films, and
 * measured on 300 others (docs/decisions/0015-pixel-evidence.md has the method, docs/films.md the error rates). What
 * excludes is certain enough that none of these films is lost; what only warns is shown on every finding.
 */
import {
  conclude,
  type EligibilityAssessment,
  type GateEffects,
  type GateFinding,
  type GateRule,
} from '../gate-rules.ts';
import { type FrontalScores, type Pose, scoreFrontalChest } from './frontal-chest.ts';
import { type GreySource, reduceToThumbnail, THUMBNAIL_SIDE } from './thumbnail.ts';
import { trim } from './views.ts';
import { whiteBorderShare } from './white-border.ts';

/** Grey levels between the darkest and the brightest hundredth of the cells; 97 to 255 in 428 films. */
const BLANK_SPAN = 32;
const LOW_CONTRAST_SPAN = 64;
const TAIL = 0.01;

/** Share of the cells that are black or white through and through; at most 0.63 in 428 films. */
const SATURATED_SHARE = 0.85;
const CLIPPED_SHARE = 0.65;
const BLACKEST = 2;
const WHITEST = 253;

/** More of the film in a white border is warned of; see white-border.ts. */
const WHITE_BORDER_SHARE = 0.05;

/** Logits of frontal-chest.ts. */
const NO_CHEST = -1;
const DOUBTFUL_CHEST = 1;
/** How much another pose must score above the upright one, and score by itself, to be taken for how the film lies. */
const OTHER_POSE_LEAD = 2;
const OTHER_POSE_SCORE = 1;
/** From this lead on the upright pose is doubted. */
const OTHER_POSE_DOUBT = 0;
/** The same of halves of the film: no frontal film of 428 has a lead of 2 by a half that scores 1; 142 of 144 montages of two have. */
const MONTAGE_LEAD = 2;
const MONTAGE_SCORE = 1;
/** Less prominence than this in a film that scores less is doubted; see mediastinum.ts. */
const LATERAL_PROMINENCE = 0.7;
const CERTAIN_CHEST = 3.5;

/** Judges a film by its pixels. Takes 2.4 ms for a film of 2048 x 2048. */
export function assessPixels(film: GreySource, effects: GateEffects = {}): EligibilityAssessment {
  return assessThumbnail(reduceToThumbnail(film), effects);
}

/** {@link assessPixels} of a thumbnail of 64 x 64 grey values. */
function assessThumbnail(thumbnail: Uint8Array, effects: GateEffects = {}): EligibilityAssessment {
  const exposure = exposureFinding(thumbnail);
  // Of a film without contrast the ranks are noise.
  if (exposure?.rule === 'PIXELS_BLANK' || exposure?.rule === 'PIXELS_SATURATED') return conclude([exposure], effects);
  const findings = [exposure, borderFinding(thumbnail), chestFinding(scoreFrontalChest(thumbnail))];
  return conclude(
    findings.filter((finding) => finding !== null),
    effects,
  );
}

const found = (rule: GateRule, sentence: string): GateFinding => ({ rule, sentence });

function exposureFinding(thumbnail: Uint8Array): GateFinding | null {
  const span = greySpan(thumbnail);
  if (span < BLANK_SPAN) return found('PIXELS_BLANK', `The film is blank: its greys differ by ${span} of 255.`);
  const share = extremeShare(thumbnail);
  const percent = `${Math.round(100 * share)} %`;
  if (share >= SATURATED_SHARE) return found('PIXELS_SATURATED', `${percent} of the film are black or white.`);
  if (share >= CLIPPED_SHARE) return found('PIXELS_CLIPPED', `${percent} of the film are black or white.`);
  return span < LOW_CONTRAST_SPAN
    ? found('PIXELS_LOW_CONTRAST', `The film has little contrast: its greys differ by ${span} of 255.`)
    : null;
}

/** The model sees the border too: a grey scale and a mean that are not those of the films that it knows. */
function borderFinding(thumbnail: Uint8Array): GateFinding | null {
  const share = whiteBorderShare(thumbnail);
  return share > WHITE_BORDER_SHARE
    ? found('PIXELS_WHITE_BORDER', `A white border takes ${Math.round(100 * share)} % of the film.`)
    : null;
}

function greySpan(thumbnail: Uint8Array): number {
  const sorted = thumbnail.toSorted();
  const rank = Math.floor(sorted.length * TAIL);
  return (sorted[sorted.length - 1 - rank] as number) - (sorted[rank] as number);
}

/** Without uniform edges, which collimation leaves on good films. */
function extremeShare(thumbnail: Uint8Array): number {
  const { top, bottom, left, right } = trim(thumbnail);
  let extreme = 0;
  for (let row = top; row < bottom; row += 1) {
    for (let column = left; column < right; column += 1) {
      const grey = thumbnail[row * THUMBNAIL_SIDE + column] as number;
      if (grey <= BLACKEST || grey >= WHITEST) extreme += 1;
    }
  }
  return extreme / ((bottom - top) * (right - left));
}

function chestFinding({ upright, whole, rival, rivalScore, montage, mediastinum }: FrontalScores): GateFinding | null {
  const lead = rivalScore - upright;
  if (montage >= MONTAGE_SCORE && montage - upright >= MONTAGE_LEAD && montage >= rivalScore) {
    return found('PIXELS_MONTAGE', 'The pixels fit several films in one picture.');
  }
  if (lead >= OTHER_POSE_LEAD && rivalScore >= OTHER_POSE_SCORE) {
    return found(
      rival.inverted ? 'PIXELS_INVERTED' : 'PIXELS_ROTATED',
      `The pixels fit a chest film that is ${inWords(rival)}.`,
    );
  }
  if (upright < NO_CHEST) {
    return found('PIXELS_NO_FRONTAL_CHEST', 'The pixels do not show a frontal chest film.');
  }
  if (lead >= OTHER_POSE_DOUBT) {
    const rule = rival.inverted ? 'PIXELS_POLARITY_DOUBTFUL' : 'PIXELS_ROTATION_DOUBTFUL';
    return found(rule, `The pixels fit a chest film that is ${inWords(rival)} better than an upright one.`);
  }
  if (mediastinum < LATERAL_PROMINENCE && upright < CERTAIN_CHEST) {
    return found('PIXELS_LATERAL_DOUBTFUL', 'No mediastinum stands out between two lungs, as in a lateral film.');
  }
  return whole < DOUBTFUL_CHEST || montage >= Math.max(MONTAGE_SCORE, upright)
    ? found('PIXELS_CHEST_DOUBTFUL', 'The pixels hardly look like a frontal chest film.')
    : null;
}

const TURNS = ['', 'turned clockwise by 90 degrees', 'upside down', 'turned counterclockwise by 90 degrees'] as const;

function inWords({ quarterTurns, inverted }: Pose): string {
  const polarity = inverted ? 'inverted' : '';
  return [polarity, TURNS[quarterTurns]].filter((part) => part !== '').join(' and ');
}
