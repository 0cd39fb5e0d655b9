/** The walk-through of docs/governance.md is the one that is played, and has its pictures. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../scripts/walkthrough/answer-lines.ts';
import { answerPicture } from '../../scripts/walkthrough/answer-picture.ts';
import { plays } from '../../scripts/walkthrough/plays.ts';
import { writtenSteps } from '../../scripts/walkthrough/written-steps.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');
const read = (file: string) => readFileSync(resolve(ROOT, file), 'utf8');
const texts = (value: unknown) => linesOf(value).map((line) => line.map(({ text }) => text).join(''));

describe('the walk-through', () => {
  const steps = writtenSteps(read('docs/governance.md'), 'A walk-through');
  const nothing = async () => {};
  const played = plays({ films: nothing, makeCandidate: nothing, fillCard: nothing, isTrue: () => false });

  it('is played step by step as it is written', () => {
    expect(steps.map(({ name }) => name)).toEqual(played.map(({ name }) => name));
  });

  it.each(steps)('$name is an operation of the schema, and has its picture', ({ document, picture, field }) => {
    expect(validate(buildSchema(read('schema.graphql')), parse(document))).toEqual([]);
    expect(statSync(resolve(ROOT, 'docs', picture)).size).toBeGreaterThan(500);
    expect(read(`docs/${picture}`)).toContain(`<title>The answer to ${field}, `);
  });
});

describe('a picture of an answer', () => {
  it('has what fits on one line, and cuts long lists', () => {
    expect(texts({ a: 1, b: [1, 2, 3, 4, 5], c: null })).toEqual(['{ "a": 1, "b": [1, 2, 3, ... 2 more], "c": null }']);
  });

  it('breaks what does not fit by members, and long texts between words', () => {
    const long = 'word '.repeat(40).trim();
    expect(texts({ text: long, list: [] })).toEqual([
      '{',
      `  "text": "${'word '.repeat(18).trim()}`,
      `    ${'word '.repeat(18).trim()}`,
      `    ${'word '.repeat(4).trim()}",`,
      '  "list": []',
      '}',
    ]);
  });

  it('escapes what a reason may hold', () => {
    expect(answerPicture('Maria', 'x', { reason: '<b>&"' })).toContain('&lt;b&gt;&amp;\\&quot;');
  });
});
