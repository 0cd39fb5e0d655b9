import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type PseudonymKind, Pseudonyms } from '../../src/access/pseudonyms.ts';
import { testPseudonyms } from '../support/pseudonyms.ts';

const KINDS: readonly PseudonymKind[] = ['patient', 'study', 'series', 'instance'];
const VERSION_7 = '0197a3e0-1234-7abc-9def-0123456789ab';

test('a pseudonym is a UID of PS3.5 section B.2', () => {
  for (let round = 0; round < 200; round += 1) {
    const uid = testPseudonyms().uidOf('study', randomUUID());
    expect(uid).toMatch(/^2\.25\.(0|[1-9]\d*)$/);
    expect(uid.length).toBeLessThanOrEqual(44);
  }
});

test('it is the same in every process with the secret, and leads back with it alone', () => {
  for (const kind of KINDS) {
    const id = randomUUID();
    const uid = testPseudonyms().uidOf(kind, id);
    expect(testPseudonyms().uidOf(kind, id)).toBe(uid);
    expect(testPseudonyms().idOf(kind, uid)).toBe(id);
    expect(testPseudonyms('another secret').uidOf(kind, id)).not.toBe(uid);
    expect(testPseudonyms('another secret').idOf(kind, uid)).not.toBe(id);
  }
});

test('kinds do not meet: the same id has a pseudonym of its own for each', () => {
  const uids = KINDS.map((kind) => testPseudonyms().uidOf(kind, VERSION_7));
  expect(new Set(uids).size).toBe(KINDS.length);
  expect(testPseudonyms().idOf('series', uids[1] ?? '')).not.toBe(VERSION_7);
});

test('ids of the same millisecond have nothing in common any more', () => {
  const pseudonyms = testPseudonyms();
  const bits = (id: string) => BigInt(pseudonyms.uidOf('study', id).slice('2.25.'.length));
  const next = `${VERSION_7.slice(0, -1)}c`;
  const differing = (bits(VERSION_7) ^ bits(next)).toString(2).replaceAll('0', '').length;
  expect(differing).toBeGreaterThan(32);
  expect(differing).toBeLessThan(96);
});

test('what no record can have made leads nowhere', () => {
  const pseudonyms = testPseudonyms();
  const others = [
    '',
    '1.2.3',
    '2.25.',
    '2.25.01',
    '2.25.-1',
    `2.25.${2n ** 128n}`,
    `2.25.${'9'.repeat(39)}`,
    '2.25.1.2',
  ];
  expect(others.map((uid) => pseudonyms.idOf('study', uid))).toEqual(others.map(() => undefined));
  const found = Array.from({ length: 800 }, () => BigInt(`0x${randomBytes(16).toString('hex')}`)).filter(
    (number) => pseudonyms.idOf('study', `2.25.${number}`) !== undefined,
  );
  expect(found.length).toBeLessThan(200); // one in eight has the form of a UUID
});

test('UIDs of no record have others that do not lead back', () => {
  const uid = testPseudonyms().uidFor('1.2.840.113619.2.1');
  expect(uid).toMatch(/^2\.25\.\d+$/);
  expect(testPseudonyms().uidFor('1.2.840.113619.2.1')).toBe(uid);
  expect(testPseudonyms().uidFor('1.2.840.113619.2.2')).not.toBe(uid);
  expect(testPseudonyms('another secret').uidFor('1.2.840.113619.2.1')).not.toBe(uid);
});

test('a short secret is refused', () => {
  expect(() => new Pseudonyms(Buffer.alloc(31))).toThrow(RangeError);
});
