/**
 * Operations of identities that are granted de-identified views only: every field must be marked as de-identified
 * (DEIDENTIFIED of access/permissions.ts), itself or by its type. Roots that only lead to such fields are marked themselves.
 */
import { type GraphQLResolveInfo, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import { deidentifiedOnly } from '../access/permissions.ts';

/** Operations that have passed: each root field asks again, and the answer is the same for every such identity. */
const passed = new WeakSet<GraphQLResolveInfo['operation']>();

/** @throws GatewayError FORBIDDEN unless everything that the operation asks for is de-identified */
export function requireDeidentifiedSelection({ schema, operation, fragments }: GraphQLResolveInfo): void {
  if (passed.has(operation)) return;
  const types = new TypeInfo(schema);
  let identified = false;
  const visitor = visitWithTypeInfo(types, {
    Field() {
      const parent = types.getParentType();
      const field = types.getFieldDef();
      if (!parent || !field) {
        identified = true; // validated operations have none
      } else if (!isMeta(parent.name) && !isMeta(field.name)) {
        identified ||= !isMarked(field.extensions) && !isMarked(parent.extensions);
      }
    },
  });
  for (const part of [operation, ...Object.values(fragments)]) visit(part, visitor);
  if (identified) throw deidentifiedOnly();
  passed.add(operation);
}

/** Whether a field or type is marked. */
export function isMarked(extensions: Readonly<Record<string, unknown>>): boolean {
  return extensions.deidentified === true;
}

/** Of GraphQL itself: introspection. */
function isMeta(name: string): boolean {
  return name.startsWith('__');
}
