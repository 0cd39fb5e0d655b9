/** Most labels of a model, and so of one of its readings. */
export const MOST_LABELS = 1000;
