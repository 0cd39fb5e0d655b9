/** graphql-js asks `isTypeOf` once for each object value of a type that has it, wherever the object lies in an answer. */
import { type GraphQLResolveInfo, type GraphQLSchema, isObjectType } from 'graphql';
import type { GatewayContext } from './context.ts';

/** Calls `note` for each object of a type that is completed for an answer. */
export function noteOf(
  schema: GraphQLSchema,
  name: string,
  note: (value: unknown, context: GatewayContext, info: GraphQLResolveInfo) => void,
): void {
  const type = schema.getType(name);
  if (!isObjectType(type)) throw new Error(`There is no object type ${name}.`);
  const { isTypeOf } = type;
  type.isTypeOf = (value, context: GatewayContext, info) => {
    note(value, context, info);
    return isTypeOf?.(value, context, info) ?? true;
  };
}
