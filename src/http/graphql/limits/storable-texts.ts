/**
 * Texts of an operation that could not be stored, found before any of it runs: PostgreSQL knows no character U+0000, and no half
 * of a surrogate pair in JSON; elsewhere it would be stored as another character.
 */
import { BREAK, type DocumentNode, visit } from 'graphql';

/** Whether there is such a text in the document or the variables of an operation. */
export function hasUnstorableText(document: DocumentNode, variables: unknown): boolean {
  return isInLiterals(document) || isInValues(variables);
}

function isInLiterals(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    StringValue: ({ value }) => {
      if (isStorable(value)) return undefined;
      found = true;
      return BREAK;
    },
  });
  return found;
}

/** Without recursion: variables that no operation declares may be nested as deeply as a body is long. */
function isInValues(variables: unknown): boolean {
  const left: unknown[] = [variables];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === 'string' && !isStorable(value)) return true;
    if (isPlainObject(value)) for (const each of Object.values(value)) left.push(each);
  }
  return false;
}

const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** Of JSON; files are objects of their own. */
function isPlainObject(value: unknown): value is object {
  if (Array.isArray(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
