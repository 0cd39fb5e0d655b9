/** The colours of heat maps. */

/** Red, green and blue, each 0..255. */
export type Colour = readonly [number, number, number];

/**
 * Turbo (A. Mikhailov, Google, Apache-2.0) in its polynomial form, coefficients from the constant term up: a smooth
 * rainbow without the false edges of the older one. On film it serves better than the scales of even lightness: their
 * light end is lost on bone and mediastinum, while these hues are told from grey at every brightness.
 */
const TURBO: readonly (readonly number[])[] = [
  [0.13572138, 4.6153926, -42.66032258, 132.13108234, -152.94239396, 59.28637943],
  [0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604],
  [0.1066733, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973],
];

/** One colour a step, so that a pixel costs one array access. */
const TABLE: readonly Colour[] = Array.from({ length: 256 }, (_, index) => {
  const [red = 0, green = 0, blue = 0] = TURBO.map((coefficients) => {
    const value = coefficients.reduceRight((sum, coefficient) => sum * (index / 255) + coefficient, 0);
    return Math.round(255 * Math.min(1, Math.max(0, value)));
  });
  return [red, green, blue];
});

/** The colour of a strength. @param strength - 0 (weakest) to 1 */
export function heatColour(strength: number): Colour {
  return TABLE[Math.round(Math.min(1, Math.max(0, strength)) * 255)] as Colour;
}
