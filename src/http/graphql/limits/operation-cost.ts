/** What an operation costs, reckoned from its text and variables before it runs. The costs are those of field-costs.ts. */
import {
  type DocumentNode,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
} from 'graphql';
import { type ComplexityEstimatorArgs, getComplexity } from 'graphql-query-complexity';
import {
  FIELD_COSTS,
  type FieldCost,
  MUTATION_COST,
  PAGE_COST,
  SUBSCRIPTION_COST,
  USUAL_ENTRIES,
  USUAL_PAGE,
} from './field-costs.ts';

/** An operation with what it is run with. */
export interface OperationToRun {
  readonly document: DocumentNode;
  /** Which operation of the document; undefined when it has one only. */
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Selections that the library looks at, which follows every spread anew: 10,000 take it some 10 ms. Documents with more are
 * refused before, by a count that does not follow them.
 */
export const MAX_SELECTIONS = 10_000;

/**
 * The cost of a valid operation of {@link MAX_SELECTIONS} at most.
 *
 * @throws GraphQLError when a variable or an argument has no value that its type takes
 */
export function costOf(schema: GraphQLSchema, { document, operationName, variables }: OperationToRun): number {
  const name = document.definitions.some((node) => 'name' in node && node.name?.value === operationName);
  const cost = getComplexity({
    schema,
    query: document,
    estimators: [estimate],
    maxQueryNodes: MAX_SELECTIONS + 1,
    ...(variables === undefined ? {} : { variables }),
    ...(operationName !== undefined && name ? { operationName } : {}),
  });
  return Math.ceil(cost);
}

function estimate({ type, field, args, childComplexity }: ComplexityEstimatorArgs): number {
  const cost = costOfField(type.name, field.name);
  const named = getNamedType(field.type);
  if (!isCompositeType(named)) return cost.own ?? ownCost(type.name) ?? 0;
  const introspection = named.name.startsWith('__');
  const entry = cost.entry ?? (introspection ? 0 : 1);
  if (named.name.endsWith('Connection')) {
    return (cost.own ?? PAGE_COST) + entries(args, field, cost, USUAL_PAGE) * childComplexity;
  }
  const list = isListType(getNullableType(field.type));
  const own = cost.own ?? ownCost(type.name) ?? (list ? 0 : entry);
  const many = list || cost.countedBy !== undefined || hasPageSize(field);
  if (!many) return own + childComplexity;
  return own + entries(args, field, cost, USUAL_ENTRIES) * ((list ? entry : 0) + childComplexity);
}

/** Of a root field that the table does not name. */
function ownCost(typeName: string): number | undefined {
  if (typeName === 'Mutation') return MUTATION_COST;
  return typeName === 'Subscription' ? SUBSCRIPTION_COST : undefined;
}

function costOfField(typeName: string, fieldName: string): FieldCost {
  const named = FIELD_COSTS[`${typeName}.${fieldName}`];
  if (named !== undefined) return named;
  return (typeName.endsWith('Connection') ? FIELD_COSTS[`*Connection.${fieldName}`] : undefined) ?? {};
}

const hasPageSize = (field: GraphQLField<unknown, unknown>): boolean =>
  field.args.some(({ name }) => name === 'first' || name === 'last');

function entries(
  args: Readonly<Record<string, unknown>>,
  field: GraphQLField<unknown, unknown>,
  { entries: usual, countedBy }: FieldCost,
  otherwise: number,
): number {
  if (countedBy !== undefined) return counted(valueAt(args, countedBy), usual ?? otherwise);
  return hasPageSize(field) ? counted(args.first ?? args.last, otherwise) : (usual ?? otherwise);
}

/** Resolvers refuse numbers below 1; they must not make anything cheaper either. */
function counted(value: unknown, otherwise: number): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === 'number' ? Math.max(1, value) : otherwise;
}

function valueAt(args: Readonly<Record<string, unknown>>, path: string): unknown {
  let value: unknown = args;
  for (const key of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[key];
  return value;
}
