/**
 * Views of a thumbnail: parts of it brought to 16 x 16 and to ranks. A rank says which share of the view is darker, so
 * exposure, contrast and the grey-scale rule do not matter; only what is darker than what does.
 */
import { THUMBNAIL_SIDE } from './thumbnail.ts';

/** Rows and columns of a view. */
export const VIEW_SIDE = 16;

/** A part of a thumbnail; rows and columns from the first up to, not including, the last. */
export interface Area {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** An edge row or column whose greys differ by no more is collimation or backing. */
const UNIFORM_RANGE = 6;
/** At most this share of the thumbnail is cut off at each edge. */
const MAXIMUM_MARGIN = 0.3;

/**
 * Parts of the trimmed thumbnail in which a frontal chest is looked for, as shares: the whole first, then smaller ones for
 * films that show more than the chest, as those of children do.
 */
const WINDOWS = [
  { top: 0, left: 0, side: 1 },
  { top: 0.1, left: 0.1, side: 0.8 },
  { top: 0, left: 0.125, side: 0.75 },
  { top: 0.175, left: 0.175, side: 0.65 },
] as const;

/** The whole of a trimmed thumbnail, and then parts of it, as ranks of -1 (darkest) to 1; row-major, 16 x 16 each. */
export function viewsOf(thumbnail: Uint8Array): readonly Float64Array[] {
  const { top, bottom, left, right } = trim(thumbnail);
  const [height, width] = [bottom - top, right - left];
  return WINDOWS.map((window) =>
    toRanks(
      resample(thumbnail, {
        top: top + Math.round(window.top * height),
        bottom: top + Math.round((window.top + window.side) * height),
        left: left + Math.round(window.left * width),
        right: left + Math.round((window.left + window.side) * width),
      }),
    ),
  );
}

/** The halves of a trimmed thumbnail as ranks, as {@link viewsOf} gives the whole. */
export function halvesOf(thumbnail: Uint8Array): Readonly<Record<'left' | 'right' | 'top' | 'bottom', Float64Array>> {
  const area = trim(thumbnail);
  const [halfHeight, halfWidth] = [(area.bottom - area.top) >> 1, (area.right - area.left) >> 1];
  const view = (part: Partial<Area>): Float64Array => toRanks(resample(thumbnail, { ...area, ...part }));
  return {
    left: view({ right: area.left + halfWidth }),
    right: view({ left: area.right - halfWidth }),
    top: view({ bottom: area.top + halfHeight }),
    bottom: view({ top: area.bottom - halfHeight }),
  };
}

/** What remains of a thumbnail when uniform edges are cut off. */
export function trim(thumbnail: Uint8Array): Area {
  const most = Math.floor(THUMBNAIL_SIDE * MAXIMUM_MARGIN);
  const area = { top: 0, bottom: THUMBNAIL_SIDE, left: 0, right: THUMBNAIL_SIDE };
  const isUniform = (part: Area): boolean => {
    let [lowest, highest] = [255, 0];
    for (let row = part.top; row < part.bottom; row += 1) {
      for (let column = part.left; column < part.right; column += 1) {
        const grey = thumbnail[row * THUMBNAIL_SIDE + column] as number;
        lowest = Math.min(lowest, grey);
        highest = Math.max(highest, grey);
      }
    }
    return highest - lowest <= UNIFORM_RANGE;
  };
  for (let before = -1; before !== sizeOf(area); ) {
    before = sizeOf(area);
    if (area.top < most && isUniform({ ...area, bottom: area.top + 1 })) area.top += 1;
    if (THUMBNAIL_SIDE - area.bottom < most && isUniform({ ...area, top: area.bottom - 1 })) area.bottom -= 1;
    if (area.left < most && isUniform({ ...area, right: area.left + 1 })) area.left += 1;
    if (THUMBNAIL_SIDE - area.right < most && isUniform({ ...area, left: area.right - 1 })) area.right -= 1;
  }
  return area;
}

function sizeOf({ top, bottom, left, right }: Area): number {
  return (bottom - top) * (right - left);
}

/** Area means; cells that lie on a border count in part. */
function resample(thumbnail: Uint8Array, { top, bottom, left, right }: Area): Float64Array {
  const view = new Float64Array(VIEW_SIDE * VIEW_SIDE);
  const vertical = shares(top, bottom);
  const horizontal = shares(left, right);
  for (const [row, rowShares] of vertical.entries()) {
    for (const [column, columnShares] of horizontal.entries()) {
      let [sum, weight] = [0, 0];
      for (const [y, high] of rowShares) {
        for (const [x, wide] of columnShares) {
          sum += high * wide * (thumbnail[y * THUMBNAIL_SIDE + x] as number);
          weight += high * wide;
        }
      }
      view[row * VIEW_SIDE + column] = sum / weight;
    }
  }
  return view;
}

/** For each cell of a view, which rows (or columns) lie in it and by how much. */
function shares(first: number, end: number): readonly (readonly (readonly [index: number, share: number])[])[] {
  const step = (end - first) / VIEW_SIDE;
  return Array.from({ length: VIEW_SIDE }, (_, cell) => {
    const [from, to] = [first + cell * step, first + (cell + 1) * step];
    const covered: [number, number][] = [];
    for (let index = Math.floor(from); index < to && index < end; index += 1) {
      const share = Math.min(to, index + 1) - Math.max(from, index);
      if (share > 0) covered.push([index, share]);
    }
    return covered;
  });
}

/** Values are equal, and share their ranks, when they agree to a tenth of a grey level. */
function toRanks(view: Float64Array): Float64Array {
  const values = view.map((value) => Math.round(value * 10));
  const sorted = values.toSorted((first, second) => first - second);
  const ranks = new Map<number, number>();
  for (let start = 0; start < sorted.length; ) {
    const value = sorted[start] as number;
    let end = start;
    while (sorted[end] === value) end += 1;
    ranks.set(value, (start + end) / sorted.length - 1);
    start = end;
  }
  return values.map((value) => ranks.get(value) as number);
}
