/** A picture of a few figures side by side. */

/** One bar. */
export interface Bar {
  readonly name: string;
  /** What exactly was measured, in lines below the name. */
  readonly detail: readonly string[];
  readonly value: number;
}

const WIDTH = 720;
const HEIGHT = 400;
const BOTTOM = 300;
const TOP = 70;
const BAR_WIDTH = 96;
const COLOURS = ['#9aa5b1', '#7b8794', '#5b8db8', '#1f6f4a'];

/**
 * Bars as SVG, each with its value above it and its multiple of the first.
 *
 * @param title - heading
 * @param unit - of the values
 */
export function drawBars(title: string, unit: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const first = bars[0]?.value ?? most;
  const step = WIDTH / bars.length;
  const drawn = bars.flatMap(({ name, detail, value }, index) => {
    const centre = Math.round(step * (index + 0.5));
    const height = Math.round((value / most) * (BOTTOM - TOP));
    const colour = COLOURS[index % COLOURS.length];
    return [
      `<rect x="${centre - BAR_WIDTH / 2}" y="${BOTTOM - height}" width="${BAR_WIDTH}" height="${height}" rx="3" fill="${colour}"/>`,
      text(centre, BOTTOM - height - 10, 16, `${value.toFixed(0)}`, 'bold'),
      text(centre, BOTTOM - 8, 12, `${(value / first).toFixed(1)}x`, 'normal', '#ffffff'),
      text(centre, BOTTOM + 22, 13, name, 'bold'),
      ...detail.map((line, row) => text(centre, BOTTOM + 42 + row * 16, 11, line, 'normal', '#52606d')),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="Helvetica, Arial, sans-serif">`,
    `<title>${title}: ${unit}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(WIDTH / 2, 28, 17, title, 'bold'),
    text(WIDTH / 2, 48, 12, unit, 'normal', '#52606d'),
    `<line x1="24" y1="${BOTTOM}" x2="${WIDTH - 24}" y2="${BOTTOM}" stroke="#cbd2d9"/>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

function text(x: number, y: number, size: number, content: string, weight: string, colour = '#1f2933'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${colour}" text-anchor="middle">${escaped}</text>`;
}
