import { describe, expect, test } from 'vitest';
import { codeOfLabel } from '../../src/inference/finding-codes.ts';
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
