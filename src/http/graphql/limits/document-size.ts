/**
 * How large the operations of a document are, counted as they would run: what a fragment holds counts once for each of its
 * spreads. Each fragment is looked at once, so a document whose fragments spread each other into billions of fields is
 * counted as quickly as any other.
 */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** The size of one operation. */
export interface OperationSize {
  /** Levels of fields: 1 for fields of the root alone. */
  readonly depth: number;
  /** Names given to fields. */
  readonly aliases: number;
  /** Directives on the operation, its variables, fields, spreads and fragments. */
  readonly directives: number;
  /** Fields at the root; the same one twice counts twice. */
  readonly rootFields: number;
  /** Fields, spreads and inline fragments. */
  readonly selections: number;
}

const EMPTY: OperationSize = { depth: 0, aliases: 0, directives: 0, rootFields: 0, selections: 0 };

/** The largest of each over the operations of the document. Spreads that lead back to their own fragment count as empty. */
export function sizeOfDocument(document: DocumentNode): OperationSize {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const counter = new SizeCounter(fragments);
  return document.definitions
    .filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
    .map((operation) => {
      const size = counter.selectionSet(operation.selectionSet);
      const onVariables = (operation.variableDefinitions ?? []).map(({ directives }) => directives?.length ?? 0);
      const own = [operation.directives?.length ?? 0, ...onVariables].reduce((sum, count) => sum + count, 0);
      return { ...size, directives: size.directives + own };
    })
    .reduce(largest, EMPTY);
}

class SizeCounter {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #counted = new Map<string, OperationSize>();

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
    this.#fragments = fragments;
  }

  selectionSet(set: SelectionSetNode | undefined): OperationSize {
    return (set?.selections ?? []).map((selection) => this.#selection(selection)).reduce(together, EMPTY);
  }

  #selection(node: SelectionNode): OperationSize {
    const inner = this.#within(node);
    const directives = inner.directives + (node.directives?.length ?? 0);
    const selections = inner.selections + 1;
    if (node.kind !== Kind.FIELD) return { ...inner, directives, selections };
    const aliases = inner.aliases + (node.alias === undefined ? 0 : 1);
    return { depth: inner.depth + 1, aliases, directives, rootFields: 1, selections };
  }

  #within(node: SelectionNode): OperationSize {
    return node.kind === Kind.FRAGMENT_SPREAD ? this.#fragment(node.name.value) : this.selectionSet(node.selectionSet);
  }

  #fragment(name: string): OperationSize {
    const known = this.#counted.get(name);
    if (known !== undefined) return known;
    this.#counted.set(name, EMPTY); // what a circle back to it finds; validation refuses circles
    const definition = this.#fragments.get(name);
    const size = this.selectionSet(definition?.selectionSet);
    const counted = { ...size, directives: size.directives + (definition?.directives?.length ?? 0) };
    this.#counted.set(name, counted);
    return counted;
  }
}

function together(a: OperationSize, b: OperationSize): OperationSize {
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: a.aliases + b.aliases,
    directives: a.directives + b.directives,
    rootFields: a.rootFields + b.rootFields,
    selections: a.selections + b.selections,
  };
}

function largest(a: OperationSize, b: OperationSize): OperationSize {
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: Math.max(a.aliases, b.aliases),
    directives: Math.max(a.directives, b.directives),
    rootFields: Math.max(a.rootFields, b.rootFields),
    selections: Math.max(a.selections, b.selections),
  };
}
