/** Whether a bright mediastinum lies between two dark lungs, which a lateral film does not show. */
import { VIEW_SIDE } from './views.ts';

/** Rows of a view in which the lungs of a frontal film lie, and columns of the mediastinum and of each lung. */
const ROWS = { first: 4, end: 9 };
const MEDIASTINUM = { first: 6, end: 10 };
const LEFT_LUNG = { first: 2, end: 6 };
const RIGHT_LUNG = { first: 10, end: 14 };

type Span = typeof ROWS;

/**
 * By how much the brightest cell of the middle exceeds the darkest cell of either lung, in ranks, as the mean of the rows.
 *
 * @param view - ranks of -1 to 1, 16 x 16
 * @returns -2 to 2; 1.3 in the median of 428 frontal films, below 0.7 in one of 25; 0.3 in the median of simulated lateral films
 */
export function mediastinalProminence(view: Float64Array): number {
  let sum = 0;
  for (let row = ROWS.first; row < ROWS.end; row += 1) {
    const cells = ({ first, end }: Span) => view.subarray(row * VIEW_SIDE + first, row * VIEW_SIDE + end);
    const lungs = Math.max(Math.min(...cells(LEFT_LUNG)), Math.min(...cells(RIGHT_LUNG)));
    sum += Math.max(...cells(MEDIASTINUM)) - lungs;
  }
  return sum / (ROWS.end - ROWS.first);
}
