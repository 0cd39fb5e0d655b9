/**
 * The secret of an API key: `cxr_`, 256 random bits in base64url (43 characters), then a checksum of 6 characters. The
 * prefix lets scanners of source code find a key that has leaked; the checksum refuses what was mistyped or made up without
 * asking the database.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const PREFIX = 'cxr_';
const RANDOM_BYTES = 32;
const CHECKSUM_CHARACTERS = 6;
const FORM = /^cxr_[\w-]{43}[\w-]{6}$/;

/** A new secret; shown once, never stored. */
export function makeApiKeySecret(): string {
  const body = PREFIX + randomBytes(RANDOM_BYTES).toString('base64url');
  return body + checksumOf(body);
}

/** Whether a credential means to be an API key, well-formed or not. */
export function looksLikeApiKey(credential: string): boolean {
  return credential.startsWith(PREFIX);
}

/** Whether it can be a key of some gateway. */
export function isApiKeySecret(text: string): boolean {
  if (!FORM.test(text)) return false;
  const body = text.slice(0, -CHECKSUM_CHARACTERS);
  return timingSafeEqual(Buffer.from(checksumOf(body)), Buffer.from(text.slice(-CHECKSUM_CHARACTERS)));
}

/** What is stored: SHA-256, hexadecimal. 256 random bits cannot be tried, so a slow hash would add nothing. */
export function hashOfApiKey(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function checksumOf(body: string): string {
  return createHash('sha256').update(`checksum ${body}`).digest('base64url').slice(0, CHECKSUM_CHARACTERS);
}
