import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeOfLabel, codesOfLabel } from '../../src/inference/finding-codes.ts';
import { sharedData } from '../support/shared.ts';
import { shippedModel } from './support.ts';

describe('codeOfLabel', () => {
  test('prefers SNOMED CT, then DICOM, then RadLex', () => {
    expect(codeOfLabel('Effusion')).toEqual({ system: 'SCT', code: '60046008', display: 'Pleural effusion' });
    expect(codeOfLabel('Mass')).toEqual({ system: 'SCT', code: '309529002', display: 'Lung mass' });
    expect(codeOfLabel('Infiltration')).toEqual({ system: 'DCM', code: '112121', display: 'Infiltrate' });
  });

  test('gives no code that was not verified, and none for unknown labels', () => {
    expect(codeOfLabel('Hernia')).toBeNull();
    expect(codeOfLabel('Pleural_Thickening')).toBeNull();
    expect(codeOfLabel('Enlarged Cardiomediastinum')).toBeNull();
  });

  test('covers every label of the shipped model but those two', async () => {
    const { manifest } = await shippedModel();
    const without = manifest.labels.map((label) => label.name).filter((name) => codeOfLabel(name) === null);
    expect(without).toEqual(['Pleural_Thickening', 'Hernia']);
  });
});

describe('codesOfLabel', () => {
  test('gives every verified concept, the one of codeOfLabel first', () => {
    expect(codesOfLabel('Effusion')).toEqual([
      { system: 'SCT', code: '60046008', display: 'Pleural effusion' },
      { system: 'RADLEX', code: 'RID34539', display: 'pleural effusion' },
    ]);
    expect(codesOfLabel('Mass').map(({ code }) => code)).toEqual(['309529002', '4147007']);
    expect(codesOfLabel('Hernia')).toEqual([]);
  });

  const shared = sharedData();
  test.skipIf(shared === undefined)('gives exactly what was verified, and nothing else (needs ../shared)', () => {
    const [, ...rows] = readFileSync(join(shared ?? '', 'finding-codes.csv'), 'utf8')
      .trim()
      .split('\n');
    const fields = rows.map((row) => row.split(','));
    const verified = fields.filter(([, , , , isVerified]) => isVerified === 'yes');
    expect(verified.length).toBeGreaterThan(15);
    const labels = [...new Set(fields.map(([label = '']) => label))];
    expect(labels).toHaveLength(14);
    const given = labels.flatMap((label) =>
      codesOfLabel(label).map(({ system, code, display }) => [label, system, code, display].join()),
    );
    expect(given.sort()).toEqual(verified.map((row) => row.slice(0, 4).join()).sort());
  });
});
