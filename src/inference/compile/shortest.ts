/** Numbers for JSON that people read and compare: no more digits than they are worth. */

/** Decimal digits that tell every float32 from its neighbours. */
const FLOAT32_DIGITS = 9;

/** The number of fewest digits, at most `digits`, that is the same float32 as `value` rounded to `digits`. */
export function shortest(value: number, digits = FLOAT32_DIGITS): number {
  const target = Math.fround(Number(value.toPrecision(digits)));
  for (let precision = 1; precision < digits; precision++) {
    const candidate = Number(target.toPrecision(precision));
    if (Math.fround(candidate) === target) return candidate;
  }
  return Number(target.toPrecision(digits));
}
