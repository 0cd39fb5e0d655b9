import { describe, expect, it } from 'vitest';
import { fitsCertificate, parseCertificateRule } from '../../../src/dicom/network/client-certificate.ts';

const subject = (...attributes: string[]) => ({ subject: attributes.sort(), sha256: 'ab'.repeat(32) });

describe('parseCertificateRule', () => {
  it.each<[string, string[]]>([
    ['CN=scanner-1,O=Hospital,C=DE', ['cn=scanner-1', 'o=Hospital', 'c=DE']],
    ['c=DE, o = Hospital, cn=scanner-1', ['cn=scanner-1', 'o=Hospital', 'c=DE']],
    ['OU=a+CN=b;OU=c', ['ou=a', 'cn=b', 'ou=c']],
    ['CN=Smith\\, John,O=\\20space', ['cn=Smith, John', 'o= space']],
    ['CN=K\\C3\\B6ln ', ['cn=K\u00f6ln']],
    ['E=x@y,S=Hessen', ['emailaddress=x@y', 'st=Hessen']],
    ['1.2.3.4=x=y', ['1.2.3.4=x=y']],
  ])('reads %s', (text, attributes) => {
    expect(parseCertificateRule(text)).toEqual({ subject: attributes.sort() });
  });

  it('reads fingerprints', () => {
    const sha256 = '0a'.repeat(32);
    for (const text of [sha256, sha256.toUpperCase(), `sha256:${sha256}`, `SHA-256:${'0A:'.repeat(31)}0A`]) {
      expect(parseCertificateRule(text)).toEqual({ sha256 });
    }
  });

  it.each(['', 'CN', 'CN=', '=x', 'C N=x', 'CN=a,', 'CN=a\\', `sha256:${'0a'.repeat(31)}`, '\u00e4=x'])(
    'refuses %j',
    (text) => {
      expect(parseCertificateRule(text)).toBeUndefined();
    },
  );
});

describe('fitsCertificate', () => {
  const rule = parseCertificateRule('CN=scanner,OU=a,OU=b') ?? { sha256: '' };

  it('wants every attribute, no more and no less', () => {
    expect(fitsCertificate(rule, subject('cn=scanner', 'ou=b', 'ou=a'))).toBe(true);
    for (const other of [
      subject('cn=scanner'),
      subject('cn=scanner', 'ou=a'),
      subject('cn=scanner', 'ou=a', 'ou=a'),
      subject('cn=scanner', 'ou=a', 'ou=b', 'o=x'),
      subject('cn=Scanner', 'ou=a', 'ou=b'),
      subject('o=scanner', 'ou=a', 'ou=b'),
      undefined,
    ]) {
      expect(fitsCertificate(rule, other)).toBe(false);
    }
  });

  it('compares fingerprints', () => {
    expect(fitsCertificate({ sha256: 'ab'.repeat(32) }, subject('cn=whoever'))).toBe(true);
    expect(fitsCertificate({ sha256: 'cd'.repeat(32) }, subject('cn=whoever'))).toBe(false);
  });
});
