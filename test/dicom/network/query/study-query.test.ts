import { describe, expect, it } from 'vitest';
import { decodeIdentifier, encodeIdentifier } from '../../../../src/dicom/network/query/identifier.ts';
import {
  matchingKeys,
  type StudyQuery,
  studyLevelKeys,
  toRemoteStudy,
} from '../../../../src/dicom/network/query/study-query.ts';
import type { Elements } from '../../../../src/dicom/part10-writer.ts';

function answer(elements: Elements, query: StudyQuery = {}) {
  return toRemoteStudy(decodeIdentifier(encodeIdentifier(elements, true), true), query);
}

const STUDY: Elements = {
  '00080020': ['DA', '20260131'],
  '00080030': ['TM', '101112'],
  '00080050': ['SH', 'A1'],
  '00080061': ['CS', ['CR', 'SR']],
  '00100010': ['PN', 'A^B=C^D'],
  '00100020': ['LO', 'P1'],
  '00100021': ['LO', 'HOSPITAL'],
  '0020000d': ['UI', '1.2.3'],
  '00201208': ['IS', '4'],
};

describe('the keys of a search', () => {
  it('are as DICOM writes them', () => {
    expect(
      matchingKeys({
        patientId: ' P1 ',
        accessionNumber: 'A1',
        studyDate: { from: '2026-01-01', to: '2026-01-31' },
        modalities: ['DX'],
      }),
    ).toEqual({ patientId: 'P1', accessionNumber: 'A1', studyDate: '20260101-20260131', modalities: 'DX' });
    expect(matchingKeys({ studyDate: { from: '2026-01-01' } })).toEqual({ studyDate: '20260101-' });
    expect(matchingKeys({ studyDate: { to: '2026-01-01' } })).toEqual({ studyDate: '-20260101' });
    expect(matchingKeys({ studyDate: { from: '2026-01-01', to: '2026-01-01' } })).toEqual({ studyDate: '20260101' });
    expect(matchingKeys({ modalities: ['CR', 'DX'] })).toEqual({});
  });

  it('ask for everything that is shown', () => {
    const keys = studyLevelKeys({ patientId: 'P1' });
    expect(keys['00080052']).toEqual(['CS', 'STUDY']);
    expect(keys['00100020']).toEqual(['LO', 'P1']);
    expect(keys['0020000d']).toEqual(['UI', '']);
  });

  it.each<StudyQuery>([
    { patientId: '*' },
    { patientId: 'P?' },
    { patientId: 'A\\B' },
    { patientId: ' ' },
    { patientId: 'x'.repeat(65) },
    { accessionNumber: 'A\n' + 'B' },
    { studyInstanceUid: 'no uid' },
    { studyDate: { from: '2026-02-30' } },
    { studyDate: { to: '20260101' } },
    { modalities: ['*'] },
  ])('refuse what is no exact value: %j', (query) => {
    expect(() => matchingKeys(query)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });
});

describe('the answer of a node', () => {
  it('becomes a study', () => {
    expect(answer(STUDY)).toEqual({
      studyInstanceUid: '1.2.3',
      patientId: 'P1',
      issuerOfPatientId: 'HOSPITAL',
      patientName: 'A^B=C^D',
      patientBirthDate: null,
      studyDate: '2026-01-31T10:11:12.000Z',
      accessionNumber: 'A1',
      modalities: ['CR', 'SR'],
      description: null,
      numberOfInstances: 4,
    });
  });

  it.each<[string, Elements]>([
    ['no UID', { ...STUDY, '0020000d': undefined }],
    ['something else as its UID', { ...STUDY, '0020000d': ['UI', '../../etc/passwd'] }],
  ])('with %s is none', (_, elements) => {
    expect(answer(elements)).toBeUndefined();
  });

  it.each<StudyQuery>([
    { patientId: 'P2' },
    { issuerOfPatientId: 'CLINIC' },
    { accessionNumber: 'A2' },
    { studyInstanceUid: '1.2.4' },
    { studyDate: { from: '2026-02-01' } },
    { studyDate: { to: '2026-01-30' } },
    { modalities: ['DX', 'DR'] },
  ])('that was not asked for is left out: %j', (query) => {
    expect(answer(STUDY, query)).toBeUndefined();
  });

  it('stays when the node is silent about what was asked for', () => {
    const bare: Elements = { '0020000d': ['UI', '1.2.3'] };
    expect(answer(bare, { issuerOfPatientId: 'HOSPITAL', modalities: ['DX'] })?.studyInstanceUid).toBe('1.2.3');
  });

  it('with a senseless count has none', () => {
    expect(answer({ ...STUDY, '00201208': ['IS', '-1'] })?.numberOfInstances).toBeNull();
    expect(answer({ ...STUDY, '00201208': ['IS', 'many'] })?.numberOfInstances).toBeNull();
  });
});
