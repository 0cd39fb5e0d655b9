/** The operations that the documents show, the start page offers, the demo and the benches send, and what each costs. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  buildSchema,
  type DefinitionNode,
  type DocumentNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type TypeNode,
} from 'graphql';
import { QUERY as BENCH_QUERY } from '../bench/api.ts';
import { STATE as DEMO_QUERY, SUBSCRIPTION as DEMO_SUBSCRIPTION } from '../src/demo/client.ts';
import { sizeOfDocument } from '../src/http/graphql/limits/document-size.ts';
import { costOf } from '../src/http/graphql/limits/operation-cost.ts';
import { FIRST_QUERY, FIRST_SUBSCRIPTION } from '../src/http/landing-page.ts';

const ROOT = resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(resolve(ROOT, file), 'utf8');

/** One operation with its place. */
export interface ShippedOperation {
  readonly where: string;
  readonly name: string;
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly depth: number;
  readonly cost: number;
}

const schema = buildSchema(read('schema.graphql'));

/** All of them; a document's code block may hold several. */
export function shippedOperations(): readonly ShippedOperation[] {
  const texts = [
    ...['docs/api.md', 'docs/governance.md', 'README.md'].flatMap((file) =>
      blocks(read(file)).map((text) => [file, text] as const),
    ),
    ['start page', FIRST_QUERY],
    ['start page', FIRST_SUBSCRIPTION],
    ['demo', DEMO_SUBSCRIPTION],
    ['demo', DEMO_QUERY],
    ['`bench -- api`', BENCH_QUERY],
  ] as const;
  return texts.flatMap(([where, text]) =>
    parse(text)
      .definitions.filter(isOperation)
      .map((operation) => describe(where, operation)),
  );
}

function blocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```graphql\n([\s\S]*?)^```/gm)].map(([, text = '']) => text);
}

function isOperation(node: DefinitionNode): node is OperationDefinitionNode {
  return node.kind === Kind.OPERATION_DEFINITION;
}

function describe(where: string, operation: OperationDefinitionNode): ShippedOperation {
  const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation] };
  const variables = Object.fromEntries(
    (operation.variableDefinitions ?? [])
      .filter(({ type, defaultValue }) => type.kind === Kind.NON_NULL_TYPE && defaultValue === undefined)
      .map(({ variable, type }) => [variable.name.value, sample(type)]),
  );
  const [first] = operation.selectionSet.selections;
  const field = first?.kind === Kind.FIELD ? first.name.value : '';
  const name = `${operation.operation} ${operation.name?.value ?? `{ ${field} }`}`;
  const cost = costOf(schema, { document, operationName: undefined, variables });
  return { where, name, document, variables, depth: sizeOfDocument(document).depth, cost };
}

/** A value that a required variable takes; none of the shipped ones changes the cost. */
function sample(type: TypeNode): unknown {
  if (type.kind === Kind.NON_NULL_TYPE) return sample(type.type);
  return type.kind === Kind.LIST_TYPE ? [] : '1';
}

const PLACE = /<!-- table: costs -->\n[\s\S]*?<!-- end -->/;

/** The document with its table made anew. @throws Error when it has no place for it */
export function withCostTable(document: string): string {
  if (!PLACE.test(document)) throw new Error('There is no place for the table of costs.');
  const rows = shippedOperations().map(
    ({ where, name, depth, cost }) => `| \`${name}\` | ${where} | ${depth} | ${cost.toLocaleString('en')} |`,
  );
  const table = ['| operation | where | levels | cost |', '|---|---|---|---|', ...rows].join('\n');
  return document.replace(PLACE, () => `<!-- table: costs -->\n${table}\n<!-- end -->`);
}
