import { describe, expect, it } from 'vitest';
import { negotiate, parseMediaType } from '../../src/http/media-type.ts';
import { boundaryOf } from '../../src/http/multipart/boundary.ts';

describe('parseMediaType', () => {
  it.each([
    ['multipart/related; type="application/dicom"; boundary=abc', 'application/dicom', 'abc'],
    ['Multipart/Related;TYPE=application/dicom;Boundary="a b;c\\"d"', 'application/dicom', 'a b;c"d'],
    ['multipart/related ; boundary=x ;type="application/dicom";', 'application/dicom', 'x'],
  ])('%s', (text, type, boundary) => {
    const parsed = parseMediaType(text);
    expect(parsed?.essence).toBe('multipart/related');
    expect(parsed?.parameters.get('type')).toBe(type);
    expect(parsed?.parameters.get('boundary')).toBe(boundary);
  });

  it.each(['', 'text', 'a/b; x', 'a/b; boundary=1; boundary=2', 'a/b c', 'a/b; x="y'])('refuses %j', (text) => {
    expect(parseMediaType(text)).toBeUndefined();
  });
});

describe('boundaryOf', () => {
  const boundary = (value: string) =>
    boundaryOf({ essence: 'multipart/related', parameters: new Map([['boundary', value]]) });

  it('takes what RFC 2046 allows, up to 70 characters', () => {
    expect(boundary("'()+_,-./:=? z")).toBe("'()+_,-./:=? z");
    expect(boundary('x'.repeat(70))).toHaveLength(70);
  });

  it.each(['', 'x'.repeat(71), 'ends with space ', 'a"b', 'a\u00e9'])('refuses %j', (value) => {
    expect(() => boundary(value)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });
});

describe('negotiate', () => {
  const OFFERS = { 'application/dicom+json': ['application/json'], 'application/dicom+xml': [] };

  it.each([
    [undefined, 'application/dicom+json'],
    ['', 'application/dicom+json'],
    ['*/*', 'application/dicom+json'],
    ['application/*', 'application/dicom+json'],
    ['application/json', 'application/dicom+json'],
    ['application/dicom+xml', 'application/dicom+xml'],
    ['Application/DICOM+XML', 'application/dicom+xml'],
    ['application/dicom+json;q=0.5, application/dicom+xml', 'application/dicom+xml'],
    ['application/dicom+json;q=0, */*', 'application/dicom+xml'],
    ['text/html, application/dicom+xml;q=0.1', 'application/dicom+xml'],
    ['application/dicom+json;q=0.1, application/*;q=0.2', 'application/dicom+xml'],
    ['text/html', undefined],
    ['application/dicom+json;q=0, application/dicom+xml;q=0', undefined],
    ['nonsense', undefined],
  ])('Accept: %s -> %s', (header, expected) => {
    expect(negotiate(header, OFFERS)).toBe(expected);
  });
});
