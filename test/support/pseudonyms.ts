/** Pseudonyms that a test can compute itself. */
import { Pseudonyms } from '../../src/access/pseudonyms.ts';

/** @param name - of the secret: another one makes others */
export function testPseudonyms(name = 'a secret of the tests'): Pseudonyms {
  return new Pseudonyms(Buffer.alloc(32, name));
}
