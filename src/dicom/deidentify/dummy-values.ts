/** Values that say nothing, by value representation (PS3.5 section 6.2), for attributes that must have one. */

/** Nobody's name or label, 10 characters: as many as every text representation but AS, DA, TM and AE's 16 may have. */
const WORD = 'ANONYMIZED';

const TEXTS: Readonly<Record<string, string>> = {
  AS: '000Y',
  DA: '19000101',
  DS: '0',
  DT: '19000101000000',
  IS: '0',
  TM: '000000',
  UR: 'urn:anonymized',
};

/** Bytes of one number or tag; zero in either byte order. */
const NUMBERS: Readonly<Record<string, number>> = {
  AT: 4,
  FD: 8,
  FL: 4,
  OB: 2,
  OD: 8,
  OF: 4,
  OL: 4,
  OV: 8,
  OW: 2,
  SL: 4,
  SS: 2,
  SV: 8,
  UL: 4,
  UN: 2,
  US: 2,
  UV: 8,
};

/** One value of this representation, not padded. */
export function dummyValue(vr: string): Uint8Array {
  const bytes = NUMBERS[vr];
  return bytes === undefined ? Buffer.from(TEXTS[vr] ?? WORD, 'latin1') : new Uint8Array(bytes);
}
