import { describe, expect, it } from 'vitest';
import { type ClaimRules, identityOfToken } from '../../src/access/claims.ts';
import { parseRoleMap } from '../../src/access/role-map.ts';

const RULES: ClaimRules = {
  roles: 'realm_access.roles',
  roleMap: [
    { value: 'radiologist', role: 'CLINICIAN' },
    { value: 'boss', role: 'ADMIN' },
    { value: 'boss', role: 'AUDITOR' },
  ],
  issuers: 'cxr_issuers',
  studies: 'cxr_studies',
  name: 'name',
};

const [issuedAt, expiresAt] = [new Date(1_000_000), new Date(2_000_000)];

const identity = (claims: Record<string, unknown>, rules: Partial<ClaimRules> = {}) =>
  identityOfToken({ subject: 'dr-who', issuedAt, expiresAt, claims }, 'https://idp.example', { ...RULES, ...rules });

describe('identityOfToken', () => {
  it('gives everything that is mapped', () => {
    const claims = {
      name: 'Dr. Who',
      realm_access: { roles: ['boss', 'radiologist', 'unknown'] },
      cxr_issuers: ['HOSPITAL_A', 'HOSPITAL_B'],
      cxr_studies: ['1.2.3'],
    };
    expect(identity(claims)).toEqual({
      subject: 'oidc:https://idp.example#dr-who',
      kind: 'PERSON',
      displayName: 'Dr. Who',
      roles: ['CLINICIAN', 'ADMIN', 'AUDITOR'],
      issuers: ['HOSPITAL_A', 'HOSPITAL_B'],
      studies: ['1.2.3'],
      deidentifiedOnly: false,
      issuedAt,
      expiresAt,
      apiKeyId: null,
    });
  });

  it('gives nothing that is not mapped', () => {
    for (const claims of [
      {},
      { realm_access: null },
      { realm_access: { roles: { radiologist: true } } },
      { roles: 'boss' },
    ]) {
      expect(identity(claims)).toMatchObject({ displayName: null, roles: [], issuers: [], studies: [] });
    }
  });

  it('does not take properties of objects for claims', () => {
    expect(identity({ realm_access: {} }, { roles: 'realm_access.constructor.name' }).roles).toEqual([]);
    expect(identity({}, { issuers: '__proto__' }).issuers).toEqual([]);
  });

  it('reads words of one text as roles, and a text as one issuer', () => {
    expect(identity({ scope: 'openid radiologist' }, { roles: 'scope' }).roles).toEqual(['CLINICIAN']);
    expect(identity({ cxr_issuers: 'General Hospital' }).issuers).toEqual(['General Hospital']);
  });

  it('takes a name with dots for the claim of that name first', () => {
    const claims = { 'https://cxr.example/roles': ['boss'] };
    expect(identity(claims, { roles: 'https://cxr.example/roles' }).roles).toEqual(['ADMIN', 'AUDITOR']);
  });

  it('drops grants that name nothing, and what deceives in names', () => {
    expect(identity({ cxr_issuers: ['A\0', 'A', '\ud800'], cxr_studies: ['1.2\0'] })).toMatchObject({
      issuers: ['A'],
      studies: [],
    });
    expect(identity({ name: 'Dr.\u202e Who\0\n\ud83d' }).displayName).toBe('Dr. Who');
    expect(identity({ name: `${'x'.repeat(199)}\u{1f9d1}` }).displayName).toBe('x'.repeat(199));
  });

  it('grants all issuers by *, in the token or in the setting', () => {
    expect(identity({ cxr_issuers: ['A', '*'] }).issuers).toBe('ALL');
    expect(identity({}, { issuers: '*' }).issuers).toBe('ALL');
    expect(identity({ '*': ['A'] }).issuers).toEqual([]);
  });
});

describe('parseRoleMap', () => {
  it('reads values with commas and equals signs', () => {
    expect(parseRoleMap('a=CLINICIAN, CN=x,OU=y=ADMIN ,a=AUDITOR')).toEqual([
      { value: 'a', role: 'CLINICIAN' },
      { value: 'CN=x,OU=y', role: 'ADMIN' },
      { value: 'a', role: 'AUDITOR' },
    ]);
  });

  it.each(['a', 'a=', '=ADMIN', 'a=SUPERUSER', 'a=ADMIN,b', 'a=ADMIN;b=ADMIN'])('refuses %s', (text) => {
    expect(parseRoleMap(text)).toBeUndefined();
  });
});
