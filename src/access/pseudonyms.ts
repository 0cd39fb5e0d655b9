/**
 * Pseudonyms of records: a keyed permutation of their UUIDs, AES-256 of one block under a key of its own for each kind. No
 * table holds who is who: whoever has the key computes it, for nobody else it is there (docs/decisions/0018-pseudonyms.md).
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';

/** What a pseudonym can stand for. */
export type PseudonymKind = 'patient' | 'study' | 'series' | 'instance';

const KINDS: readonly PseudonymKind[] = ['patient', 'study', 'series', 'instance'];

/** Fewest bytes of the secret that all keys are derived from. */
export const MINIMUM_SECRET_BYTES = 32;

const KEY_BYTES = 32;
const UUID_BYTES = 16;

/** Root of UIDs that are made of 128 bits (PS3.5 section B.2). */
const ROOT = '2.25.';

/** 2^128 - 1 has 39 digits. */
const PSEUDONYM = /^2\.25\.(0|[1-9]\d{0,38})$/;

/** A UUID of a version and variant of RFC 9562: of random bits one in eight. */
const UUID = /^[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/** Makes pseudonyms, and tells whose they are. */
export class Pseudonyms {
  readonly #keys: ReadonlyMap<PseudonymKind, Buffer>;
  readonly #uidKey: Buffer;

  /** @param secret - {@link MINIMUM_SECRET_BYTES} or more that are hard to guess */
  constructor(secret: Uint8Array) {
    if (secret.length < MINIMUM_SECRET_BYTES) throw new RangeError('The secret of the pseudonyms is too short.');
    // RFC 5869: one secret, independent keys by their purpose.
    const derive = (purpose: string) =>
      Buffer.from(hkdfSync('sha256', secret, 'cxr-gateway pseudonyms', purpose, KEY_BYTES));
    this.#keys = new Map(KINDS.map((kind) => [kind, derive(`record ${kind}`)]));
    this.#uidKey = derive('uid');
  }

  /**
   * The pseudonym of a record, as a UID: `2.25.` and 128 bits in decimal, 44 characters at most.
   *
   * @param id - UUID of the record
   */
  uidOf(kind: PseudonymKind, id: string): string {
    const cipher = createCipheriv('aes-256-ecb', this.#key(kind), null).setAutoPadding(false);
    return toUid(Buffer.concat([cipher.update(id.replaceAll('-', ''), 'hex'), cipher.final()]));
  }

  /**
   * The UUID that a pseudonym stands for; undefined for anything that {@link uidOf} cannot have made of this kind with this
   * secret. Whether there is such a record, the store knows.
   */
  idOf(kind: PseudonymKind, uid: string): string | undefined {
    const number = PSEUDONYM.test(uid) ? BigInt(uid.slice(ROOT.length)) : undefined;
    if (number === undefined || number >> 128n !== 0n) return undefined;
    const block = number.toString(16).padStart(2 * UUID_BYTES, '0');
    const decipher = createDecipheriv('aes-256-ecb', this.#key(kind), null).setAutoPadding(false);
    const digits = Buffer.concat([decipher.update(block, 'hex'), decipher.final()]).toString('hex');
    const id = digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    return UUID.test(id) ? id : undefined;
  }

  /** What stands for a UID that is no record's: of a frame of reference, a device, a film that is not here. Not reversible. */
  uidFor(uid: string): string {
    return toUid(createHmac('sha256', this.#uidKey).update(uid).digest().subarray(0, UUID_BYTES));
  }

  #key(kind: PseudonymKind): Buffer {
    const key = this.#keys.get(kind);
    if (key === undefined) throw new TypeError(`There are no pseudonyms of ${kind}.`);
    return key;
  }
}

function toUid(bits: Buffer): string {
  return ROOT + BigInt(`0x${bits.toString('hex')}`).toString(10);
}
