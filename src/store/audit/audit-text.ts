/** Rows of the audit as the database gives them: everything as text, so that nothing is lost on the way to the hash. */
import { type AuditContent, CONTENT_COLUMNS } from './audit-row.ts';

/** A row as it was selected by {@link CONTENT_AS_TEXT}. */
export type ContentText = Readonly<Record<keyof AuditContent, string | null>>;

const ARRAYS = CONTENT_COLUMNS.filter(([, type]) => type.endsWith('[]')).map(([name]) => name);

/** What follows SELECT. */
export const CONTENT_AS_TEXT = CONTENT_COLUMNS.map(([name]) =>
  name === 'occurredAt'
    ? `to_char("${name}" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "${name}"`
    : `"${name}"::text AS "${name}"`,
).join(', ');

/** The content of a row. */
export function contentOf(row: ContentText): AuditContent {
  const content: Record<string, unknown> = {};
  for (const [name] of CONTENT_COLUMNS) content[name] = row[name];
  for (const name of ARRAYS) content[name] = elements(row[name]);
  return content as unknown as AuditContent; // every column is there
}

/** Elements of `{a,b}`: ids and names of roles, which are never quoted. */
function elements(text: string | null): readonly string[] | null {
  if (text === null) return null;
  return text === '{}' ? [] : text.slice(1, -1).split(',');
}
