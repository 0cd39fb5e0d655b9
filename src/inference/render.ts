/**
 * Pictures of a film for people to look at: the film itself, and the film with a class activation map over it.
 *
 * How the heat map is to be read: colour shows where the model saw more than its average over this film for this
 * label, not how sure it is; the probability stands beside the picture. Each position of the map is a logit, and their
 * mean is the label's logit, so a position's excess over the mean is what it adds. The strongest position gets the end
 * of the colour scale, except that an excess below 1 logit (odds times 2.7) never reaches it: a flat map stays pale.
 * Positions below the mean are left as they are.
 */
import { encode } from 'fast-png';
import { GatewayError } from '../errors.ts';
import { heatColour } from './colour-map.ts';
import type { HeatMapGrid } from './reading.ts';
import { type GrayscaleSource, resizeGrayscale } from './resize.ts';

/** Excess, in logits, that a map must have somewhere to reach the end of the colour scale. */
const FULL_SCALE_LOGITS = 1;

/** How much of the film the strongest colour covers. */
const STRONGEST_ALPHA = 0.5;

/** A film as 8-bit grey picture. */
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly grey: Uint8Array;
}

/**
 * The film as 8-bit grey PNG, its aspect kept, never enlarged.
 *
 * @param maximumSize - longest side, in pixels
 */
export function drawPreview(film: GrayscaleSource, maximumSize: number): Uint8Array {
  const { width, height, grey } = shrink(film, maximumSize);
  return encode({ width, height, data: grey, channels: 1, depth: 8 });
}

/**
 * The film with a class activation map over it as RGB PNG, its aspect kept, never enlarged. The map's positions are
 * equal parts of the film, each at its centre; between them it is interpolated.
 *
 * @param maximumSize - longest side, in pixels
 * @throws GatewayError NOT_FOUND for a map without positions, which models without heat maps give
 */
export function drawHeatMap(film: GrayscaleSource, maximumSize: number, grid: HeatMapGrid): Uint8Array {
  if (grid.values.length === 0) throw new GatewayError('NOT_FOUND', 'This model gives no heat maps.');
  const { width, height, grey } = shrink(film, maximumSize);
  const strengths = relativeStrengths(grid);
  const across = interpolationAxis(width, grid.columns);
  const down = interpolationAxis(height, grid.rows);
  const data = new Uint8Array(grey.length * 3);
  for (let row = 0; row < height; row++) {
    const upper = (down.before[row] as number) * grid.columns;
    const lower = (down.after[row] as number) * grid.columns;
    const lowerShare = down.share[row] as number;
    for (let column = 0; column < width; column++) {
      const left = across.before[column] as number;
      const right = across.after[column] as number;
      const rightShare = across.share[column] as number;
      const above = mix(strengths[upper + left] as number, strengths[upper + right] as number, rightShare);
      const below = mix(strengths[lower + left] as number, strengths[lower + right] as number, rightShare);
      const strength = Math.max(0, mix(above, below, lowerShare));
      const pixel = row * width + column;
      const film = grey[pixel] as number;
      const [red, green, blue] = heatColour(strength);
      const alpha = STRONGEST_ALPHA * strength;
      data[3 * pixel] = Math.round(mix(film, red, alpha));
      data[3 * pixel + 1] = Math.round(mix(film, green, alpha));
      data[3 * pixel + 2] = Math.round(mix(film, blue, alpha));
    }
  }
  return encode({ width, height, data, channels: 3, depth: 8 });
}

function shrink(film: GrayscaleSource, maximumSize: number): Picture {
  const scale = Math.min(1, maximumSize / Math.max(film.rows, film.columns));
  const width = Math.max(1, Math.round(film.columns * scale));
  const height = Math.max(1, Math.round(film.rows * scale));
  return { width, height, grey: resizeGrayscale(film, height, width) };
}

/** Excess over the mean, 1 at the strongest position; negative below the mean, so that interpolation falls to it. */
function relativeStrengths({ values }: HeatMapGrid): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const fullScale = Math.max(FULL_SCALE_LOGITS, Math.max(...values) - mean);
  return values.map((value) => (value - mean) / fullScale);
}

/** For each pixel of an axis: the positions before and after it, and the share of the latter. */
interface InterpolationAxis {
  readonly before: Int32Array;
  readonly after: Int32Array;
  readonly share: Float64Array;
}

function interpolationAxis(pixels: number, positions: number): InterpolationAxis {
  const before = new Int32Array(pixels);
  const after = new Int32Array(pixels);
  const share = new Float64Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const place = Math.min(positions - 1, Math.max(0, ((pixel + 0.5) * positions) / pixels - 0.5));
    before[pixel] = Math.floor(place);
    after[pixel] = Math.min(positions - 1, Math.floor(place) + 1);
    share[pixel] = place - Math.floor(place);
  }
  return { before, after, share };
}

function mix(first: number, second: number, share: number): number {
  return first + (second - first) * share;
}
