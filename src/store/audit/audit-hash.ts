/**
 * The hash of the chain: SHA-256 over the hash before (64 hexadecimal digits) and the row as a JSON array in the order of
 * {@link CONTENT_COLUMNS}, UTF-8, without spaces, as JSON.stringify writes it:
 *
 *     [1,"<position>","<id>","<occurredAt>","<subject>",...,"<details>"]
 *
 * The number is the version of this form. The hash before position 1 is the SHA-256 of the chain's name.
 */
import { hash } from 'node:crypto';
import { type AuditContent, CONTENT_COLUMNS } from './audit-row.ts';

/** Version of the form; a new one gets a new number, and old rows keep theirs. */
const FORM = 1;

const COLUMNS = CONTENT_COLUMNS.map(([name]) => name);

/** The hash before the first row. */
export function firstHash(chain: string): string {
  return hash('sha256', chain);
}

/**
 * The hash of a row at a place of the chain.
 *
 * @param before - hash of the row before
 * @param position - decimal
 * @param id - decimal
 */
export function rowHash(before: string, position: string, id: string, content: AuditContent): string {
  const form: unknown[] = [FORM, position, id];
  for (const column of COLUMNS) form.push(content[column]);
  return hash('sha256', before + JSON.stringify(form));
}
