import { describe, expect, test } from 'vitest';
import { drawReliability, drawRoc } from '../../../src/inference/evaluate/plots/figures.ts';
import { sampleEvaluation } from './support.ts';

describe('figures', () => {
  const evaluation = sampleEvaluation();

  test.each([
    ['ROC', drawRoc, 'AUC 0.765 (0.692 to 0.842)'],
    ['reliability', drawReliability, 'ECE 0.139'],
  ] as const)('%s: one panel a label, both precisions, well-formed, the same each time', (_, draw, note) => {
    const svg = draw(evaluation);
    expect(svg).toContain('Mass  (31 of 120)');
    expect(svg).toContain('Pleural Thickening  (0 of 120)');
    expect(svg).toContain(note);
    expect(svg.match(/<g /g)).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(unclosed(svg)).toEqual([]);
    expect(draw(evaluation)).toBe(svg);
  });

  test('one precision alone', () => {
    const alone = { ...evaluation, digests: { FP32: 'a'.repeat(64) } };
    expect(drawRoc(alone)).not.toContain('INT8');
  });

  test('names are escaped', () => {
    const svg = drawRoc({ ...evaluation, dataSet: 'a < b & "c"' });
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
  });
});

/** Elements that are opened and not closed in their order. */
function unclosed(svg: string): string[] {
  const open: string[] = [];
  for (const [, slash, name = '', selfClosed] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (slash === '/') {
      if (open.pop() !== name) return [...open, name];
    } else if (selfClosed !== '/') open.push(name);
  }
  return open;
}
