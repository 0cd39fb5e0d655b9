/** How the audit names an operation: its kind and root fields, without arguments, aliases or the name that the client chose. */
import { type DocumentNode, getOperationAST, Kind, type SelectionSetNode } from 'graphql';

/** Root fields named at most; a document of one operation seldom has more than two. */
const MOST_FIELDS = 10;

/**
 * Such as `query patient, study`: fields sorted, each once, `...` when there are more than ten.
 *
 * @param operationName - which operation, where the document has several
 */
export function operationNameOf(document: DocumentNode, operationName?: string | null): string {
  const operation = getOperationAST(document, operationName);
  if (!operation) return 'operation';
  const fields = new Set<string>();
  collect(document, operation.selectionSet, fields, new Set());
  const names = [...fields].sort();
  const shown = names.length > MOST_FIELDS ? [...names.slice(0, MOST_FIELDS), '...'] : names;
  return `${operation.operation} ${shown.join(', ')}`;
}

function collect(
  document: DocumentNode,
  { selections }: SelectionSetNode,
  fields: Set<string>,
  seen: Set<string>,
): void {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) fields.add(selection.name.value);
    else if (selection.kind === Kind.INLINE_FRAGMENT) collect(document, selection.selectionSet, fields, seen);
    else if (!seen.has(selection.name.value)) {
      seen.add(selection.name.value);
      for (const definition of document.definitions) {
        if (definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value) {
          collect(document, definition.selectionSet, fields, seen);
        }
      }
    }
  }
}
