/** SVG as text, element by element. The same figure gives the same bytes. */

/** Attributes of an element; numbers are written with at most two decimals. */
export type Attributes = Readonly<Record<string, string | number>>;

/** An element with its content, which must be escaped already. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(attributeText(value))}"`);
  const start = `<${name}${written.join('')}`;
  return content === '' ? `${start}/>` : `${start}>${content}</${name}>`;
}

/** Text at a point. */
export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escaped(content));
}

/** A line through points, in pixels. */
export function polyline(points: readonly (readonly [number, number])[], attributes: Attributes): string {
  const path = points.map(([x, y]) => `${attributeText(x)},${attributeText(y)}`).join(' ');
  return element('polyline', { points: path, fill: 'none', ...attributes });
}

/** A whole picture on white, readable on dark pages too. */
export function picture(width: number, height: number, title: string, content: readonly string[]): string {
  const background = element('rect', { width, height, fill: '#ffffff' });
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'font-family': 'system-ui, "Helvetica Neue", Arial, sans-serif',
    fill: '#1f2937',
  };
  const body = [element('title', {}, escaped(title)), background, ...content];
  return `${element('svg', attributes, `\n${body.join('\n')}\n`)}\n`;
}

function attributeText(value: string | number): string {
  return typeof value === 'number' ? String(Math.round(value * 100) / 100) : value;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
