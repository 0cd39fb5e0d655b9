/**
 * Certificates by which nodes prove who they are on a TLS door. An AE title is only a claim; the nodes file may say which
 * certificate goes with it: by its whole subject, attribute by attribute, or by its SHA-256 fingerprint.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What a certificate must be. */
export type CertificateRule =
  | {
      /** Each as {@link attributeOf} writes it, sorted. */
      readonly subject: readonly string[];
    }
  | {
      /** 64 hexadecimal digits in lower case. */
      readonly sha256: string;
    };

/** A certificate that a peer has shown and proved to hold the key of. */
export interface ShownCertificate {
  /** Each as {@link attributeOf} writes it, sorted. */
  readonly subject: readonly string[];
  /** 64 hexadecimal digits in lower case. */
  readonly sha256: string;
}

const FINGERPRINT = /^(?:sha-?256:)?((?:[0-9a-f]{2}:?){32})$/i;

/** RFC 4514 section 3: a keyword or an object identifier. */
const ATTRIBUTE_TYPE = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)$/;

/** Names that are used beside those of OpenSSL. */
const ALIASES: Readonly<Record<string, string>> = { e: 'emailaddress', email: 'emailaddress', s: 'st' };

/**
 * Reads a rule of the nodes file.
 *
 * @param text - a distinguished name such as `CN=scanner-1,O=Hospital` (RFC 4514), or a SHA-256 fingerprint such as
 *   `sha256:AB:CD:...`
 * @returns undefined when it is neither
 */
export function parseCertificateRule(text: string): CertificateRule | undefined {
  const digits = FINGERPRINT.exec(text.trim())?.[1];
  if (digits !== undefined) return { sha256: digits.replaceAll(':', '').toLowerCase() };
  const attributes: string[] = [];
  for (const part of splitName(text)) {
    const at = part.indexOf('=');
    const type = part.slice(0, at).trim();
    const value = unescapeValue(part.slice(at + 1).trimStart());
    if (at < 1 || !ATTRIBUTE_TYPE.test(type) || value === undefined || value === '') return undefined;
    attributes.push(attributeOf(type, value));
  }
  return attributes.length === 0 ? undefined : { subject: attributes.sort() };
}

/** The certificate of a peer; undefined without TLS and when it showed none that the door trusts. */
export function shownCertificate(socket: Socket): ShownCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const certificate = socket.getPeerCertificate();
  if (certificate?.fingerprint256 === undefined) return undefined;
  const subject = Object.entries(certificate.subject ?? {}).flatMap(([type, values]) =>
    [values].flat().map((value) => attributeOf(type, String(value))),
  );
  return { subject: subject.sort(), sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase() };
}

/** Whether a certificate is the one that is meant: every attribute of its subject, no more and no less. */
export function fitsCertificate(rule: CertificateRule, shown: ShownCertificate | undefined): boolean {
  if (shown === undefined) return false;
  if ('sha256' in rule) return rule.sha256 === shown.sha256;
  return rule.subject.length === shown.subject.length && rule.subject.every((it, index) => it === shown.subject[index]);
}

/** Types of attributes are compared without regard to case, their values exactly. */
function attributeOf(type: string, value: string): string {
  const name = type.toLowerCase();
  return `${ALIASES[name] ?? name}=${value}`;
}

/** Splits at commas, semicolons and pluses that are not escaped. */
function splitName(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '\\') {
      part += character + (text[at + 1] ?? '');
      at += 1;
    } else if (',;+'.includes(character)) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part];
}

/** RFC 4514 section 2.4: an escaped character, or two hexadecimal digits for a byte of UTF-8. Spaces at the end go. */
function unescapeValue(text: string): string | undefined {
  const bytes: Buffer[] = [];
  let kept = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== '\\') {
      bytes.push(Buffer.from(text[at] ?? ''));
      if (text[at] !== ' ') kept = bytes.length;
      continue;
    }
    const pair = text.slice(at + 1, at + 3);
    if (/^[0-9a-f]{2}$/i.test(pair)) bytes.push(Buffer.from(pair, 'hex'));
    else if (pair === '') return undefined;
    else bytes.push(Buffer.from(pair[0] ?? ''));
    at += /^[0-9a-f]{2}$/i.test(pair) ? 2 : 1;
    kept = bytes.length;
  }
  return Buffer.concat(bytes.slice(0, kept)).toString('utf8');
}
