/** What is put into a template stays text, wherever it is put. */
import { expect, it } from 'vitest';
import { html } from '../../src/report/html.ts';
import { linearScale, logScale } from '../../src/report/plots/scale.ts';

it('escapes every value, in elements and in attributes', () => {
  const hostile = `</p><script>alert('1')</script>" onload="x & y`;
  const { text } = html`<p title="${hostile}">${hostile}</p>`;
  const escaped = '&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; onload=&quot;x &amp; y';
  expect(text).toBe(`<p title="${escaped}">${escaped}</p>`);
});

it('takes its own text as it is, joins lists, and leaves out what is not there', () => {
  const item = (each: string) => html`<li>${each}</li>`;
  expect(html`<ul>${['a', '<b>'].map(item)}${null}${undefined}${0}</ul>`.text).toBe(
    '<ul><li>a</li><li>&lt;b&gt;</li>0</ul>',
  );
});

it('takes no object for HTML that only looks like it', () => {
  const forged = JSON.parse('{"text":"<script>"}');
  expect(() => html`${forged}`).toThrow();
});

it('marks characters that HTML does not allow, or that hide or turn what is read', () => {
  expect(html`${'a\u0000b\u202ec\nd'}`.text).toBe('a\ufffdb\ufffdc\nd');
  expect(html`${'a\u200bb\u200fc\u{1f468}\u200d\u{1f52c}'}`.text).toBe('a\ufffdb\ufffdc\u{1f468}\u200d\u{1f52c}');
});

it('puts values and marks on axes', () => {
  const linear = linearScale([0, 1], [100, 200], 4);
  expect(linear.ticks).toEqual([0, 0.5, 1]);
  expect([linear.at(0.25), linear.at(-1), linear.at(2)]).toEqual([125, 100, 200]);
  const log = logScale([0.01, 10], [300, 0]);
  expect(log.ticks.map((tick) => Number(tick.toPrecision(6)))).toEqual([0.01, 0.1, 1, 10]);
  expect([log.at(0.01), log.at(1), log.at(10), log.at(0)]).toEqual([300, 100, 0, 300]);
});
