import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { GATE_RULES, parseGateRules } from '../../src/dicom/gate-rules.ts';

test('the setting is read', () => {
  expect(parseGateRules('')).toEqual({ effects: {}, problems: [] });
  expect(parseGateRules(' MODALITY=warn, PIXELS_ROTATED = ignore ,SOP_CLASS=exclude,')).toEqual({
    effects: { MODALITY: 'WARN', PIXELS_ROTATED: 'IGNORE', SOP_CLASS: 'EXCLUDE' },
    problems: [],
  });
});

test.each([
  ['MODALTY=warn', 'there is no rule MODALTY; there are SOP_CLASS, MODALITY, '],
  ['toString=warn', 'must be RULE_NAME=exclude, =warn or =ignore'],
  ['MODALITY=off', '"MODALITY=off" must be RULE_NAME=exclude, =warn or =ignore'],
  ['MODALITY', 'must be RULE_NAME=exclude'],
  ['SOP_CLASS=warn', 'SOP_CLASS cannot be loosened'],
  ['PHOTOMETRIC_INTERPRETATION=ignore', 'PHOTOMETRIC_INTERPRETATION cannot be loosened'],
  ['DIMENSIONS=warn', 'DIMENSIONS cannot be loosened'],
])('%s is refused with what is right', (text, problem) => {
  const { effects, problems } = parseGateRules(text);
  expect(effects).toEqual({});
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(problem);
});

test('the documentation names every rule and no other', () => {
  const text = readFileSync(resolve(import.meta.dirname, '..', '..', 'docs', 'films.md'), 'utf8');
  const table = text.slice(text.indexOf('## The gate'), text.indexOf('## Grey'));
  const named = new Set(
    [...table.matchAll(/`([A-Z]+(?:_[A-Z]+)+|MODALITY|DIMENSIONS|STITCHED|TOMOSYNTHESIS)`/g)].map(([, name]) => name),
  );
  for (const other of ['GATE_RULES', 'READ_WITH_WARNING']) named.delete(other);
  expect([...named].sort()).toEqual(Object.keys(GATE_RULES).sort());
});
