/** From values to places on a plot. */

/** An axis: from its values to units of the drawing. */
export interface Scale {
  /** Place of a value; values beyond the ends are put at the ends. */
  at(value: number): number;
  /** Values with a mark. */
  readonly ticks: readonly number[];
}

/**
 * @param domain - least and largest value, the second above the first
 * @param range - places of both, in units of the drawing
 * @param marks - about so many
 */
export function linearScale(domain: readonly [number, number], range: readonly [number, number], marks = 5): Scale {
  const [least, largest] = domain;
  const step = stepOf((largest - least) / marks);
  const first = Math.ceil(least / step - 1e-9);
  const last = Math.floor(largest / step + 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
  return { at: (value) => place((value - least) / (largest - least), range), ticks };
}

/** By powers of ten, with a mark at each. @param domain - powers of ten, the second above the first */
export function logScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [least, largest] = [Math.log10(domain[0]), Math.log10(domain[1])];
  const ticks = Array.from(
    { length: Math.round(largest - least) + 1 },
    (_, index) => 10 ** (Math.round(least) + index),
  );
  return {
    at: (value) => place((Math.log10(Math.max(value, domain[0])) - least) / (largest - least), range),
    ticks,
  };
}

/** 1, 2 or 5 times a power of ten, at least as large. */
export function stepOf(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5].find((each) => each * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

function place(share: number, [from, to]: readonly [number, number]): number {
  const within = Math.min(Math.max(share, 0), 1);
  return Number((from + (to - from) * within).toFixed(1));
}
