/** Operations made from the schema: each as small as it can be and valid. */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';

export type RootName = 'Query' | 'Mutation' | 'Subscription';

/** Texts of arguments in GraphQL's language, by `Type.field`, for calls that are to find something. */
export type GivenArguments = Readonly<Record<string, string>>;

/** A root field with what it needs, and nothing of what it gives but the type's name. */
export function rootCall(schema: GraphQLSchema, root: RootName, field: string, given: GivenArguments = {}): string {
  const definition = fieldOf(schema, root, field);
  return `${root.toLowerCase()} { ${call(root, definition, given)} ${selectionOf(definition)} }`;
}

/** A query that leads from the root to a field of an object type, by the shortest way that needs no argument but those given. */
export function queryThrough(schema: GraphQLSchema, type: string, field: string, given: GivenArguments = {}): string {
  const definition = fieldOf(schema, type, field);
  const inner = `${call(type, definition, given)} ${selectionOf(definition)}`;
  const path = pathTo(schema, type, given);
  const query = path.reduceRight(
    (text, step) => `${call(step.type, fieldOf(schema, step.type, step.field), given)} { ${text} }`,
    inner,
  );
  return `query { ${query} }`;
}

/** A root field with everything that is below it, to a depth, arguments left out where they may be. */
export function fullCall(
  schema: GraphQLSchema,
  root: RootName,
  field: string,
  depth: number,
  given: GivenArguments = {},
): string {
  const definition = fieldOf(schema, root, field);
  return `${root.toLowerCase()} { ${call(root, definition, given)} ${everything(schema, definition, depth)} }`;
}

/** Everything below a field; empty for a leaf. Fields of the types of an interface get names of their own (`Type_field`). */
export function everything(schema: GraphQLSchema, field: GraphQLField<unknown, unknown>, depth: number): string {
  const type = getNamedType(field.type);
  if (!isCompositeType(type)) return '';
  const types = isObjectType(type) ? [type] : schema.getPossibleTypes(type);
  const selections = types.map((object) => {
    const fields = Object.values(object.getFields())
      .filter((below) => below.args.every((argument) => !isRequiredArgument(argument)))
      .filter((below) => depth > 0 || !isCompositeType(getNamedType(below.type)))
      .filter((below) => !(object.name.endsWith('Edge') && below.name === 'node')); // the nodes of the connection are the same
    const texts = fields.map((below) => `${below.name} ${everything(schema, below, depth - 1)}`);
    if (isObjectType(type)) return `__typename ${texts.join(' ')}`;
    return `... on ${object.name} { __typename ${texts.map((text) => `${object.name}_${text.trim().split(' ')[0]}: ${text}`).join(' ')} }`;
  });
  return `{ ${selections.join(' ')} }`;
}

function fieldOf(schema: GraphQLSchema, type: string, field: string): GraphQLField<unknown, unknown> {
  const object = schema.getType(type);
  const definition = isObjectType(object) ? object.getFields()[field] : undefined;
  if (definition === undefined) throw new Error(`There is no field ${type}.${field}.`);
  return definition;
}

function call(type: string, field: GraphQLField<unknown, unknown>, given: GivenArguments): string {
  const known = given[`${type}.${field.name}`];
  if (known !== undefined) return `${field.name}(${known})`;
  const needed = field.args.filter(isRequiredArgument).map((argument) => `${argument.name}: ${literal(argument)}`);
  return needed.length === 0 ? field.name : `${field.name}(${needed.join(', ')})`;
}

function selectionOf(field: GraphQLField<unknown, unknown>): string {
  return isCompositeType(getNamedType(field.type)) ? '{ __typename }' : '';
}

const SCALARS: Readonly<Record<string, string>> = {
  String: '"a text of the test"',
  ID: '"bm9uZQ"',
  Int: '1',
  Float: '0.5',
  Boolean: 'true',
  DicomUID: '"1.2.3"',
  DateTime: '"2026-01-02T03:04:05Z"',
  Date: '"2026-01-02"',
};

function literal({ name, type }: GraphQLArgument | GraphQLInputField): string {
  return literalOf(type, name);
}

function literalOf(type: GraphQLInputType, name: string): string {
  if (isNonNullType(type)) return literalOf(type.ofType, name);
  if (isListType(type)) return getNamedType(type).name === 'Upload' ? '[]' : `[${literalOf(type.ofType, name)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) {
    const needed = Object.values(type.getFields()).filter(isRequiredInputField);
    return `{ ${needed.map((field) => `${field.name}: ${literal(field)}`).join(', ')} }`;
  }
  const scalar = SCALARS[type.name];
  if (scalar === undefined) throw new Error(`The test knows no value of ${type.name} for ${name}.`);
  return scalar;
}

interface Step {
  readonly type: string;
  readonly field: string;
}

/** Breadth first, so the shortest; a root field counts when it needs no arguments or has been given some. */
function pathTo(schema: GraphQLSchema, target: string, given: GivenArguments): readonly Step[] {
  const seen = new Set(['Query']);
  let paths: { readonly at: string; readonly steps: readonly Step[] }[] = [{ at: 'Query', steps: [] }];
  while (paths.length > 0) {
    const next: typeof paths = [];
    for (const { at, steps } of paths) {
      const type = schema.getType(at);
      if (!isObjectType(type)) continue;
      for (const field of Object.values(type.getFields())) {
        const step = { type: at, field: field.name };
        const to = getNamedType(field.type).name;
        const callable = `${at}.${field.name}` in given || !field.args.some(isRequiredArgument);
        if (!callable || seen.has(to)) continue;
        if (to === target) return [...steps, step];
        seen.add(to);
        next.push({ at: to, steps: [...steps, step] });
      }
    }
    paths = next;
  }
  throw new Error(`No query leads to ${target}.`);
}
