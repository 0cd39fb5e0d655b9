/**
 * Who may ask for what: roles are declared beside each query, mutation, subscription and sensitive field (@Authorized) and
 * checked here. A field of a root type without roles fails the building of the schema; so does a way that would lead a role
 * to objects of a type that is not for it.
 */
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { type AuthChecker, getMetadataStorage } from 'type-graphql';
import { ACCESS_ROLES } from '../access/identity.ts';
import {
  AUDITS,
  EVERYBODY,
  hasRole,
  MOVES_STUDIES,
  missingRole,
  READS_DEIDENTIFIED,
  READS_FINDINGS,
  READS_GOVERNANCE,
  READS_OPENINGS,
  READS_PATIENTS,
  READS_RECORDS,
} from '../access/permissions.ts';
import type { NodeType } from '../schema/global-id.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import type { GatewayContext } from './context.ts';
import { isMarked, requireDeidentifiedSelection } from './deidentified-only.ts';

/** Who may have objects of a type with global ids, by whichever way. */
export const OBJECT_READERS: Readonly<Record<NodeType, readonly AccessRole[]>> = {
  Patient: READS_PATIENTS,
  Study: READS_RECORDS,
  Series: READS_RECORDS,
  Instance: READS_RECORDS,
  Inference: READS_RECORDS,
  Finding: READS_FINDINGS,
  ModelVersion: EVERYBODY,
  ModelTransition: EVERYBODY,
  ModelTransitionRequest: READS_GOVERNANCE,
  DicomTransfer: MOVES_STUDIES,
  BreakGlassOpening: READS_OPENINGS,
  RereadJob: READS_GOVERNANCE,
};

/** Types without global ids that are as sensitive as what they belong to. */
const PART_READERS: Readonly<Record<string, readonly AccessRole[]>> = {
  HeatMap: READS_FINDINGS,
  InferenceProvenance: READS_RECORDS,
  FindingProvenance: READS_FINDINGS,
  ThresholdSet: READS_GOVERNANCE,
  FindingReview: READS_FINDINGS,
  PatientDiscrepancy: READS_RECORDS,
  AuditRecord: AUDITS,
  AuditHead: AUDITS,
  DeidentifiedStudy: READS_DEIDENTIFIED,
  DeidentifiedSeries: READS_DEIDENTIFIED,
  DeidentifiedInstance: READS_DEIDENTIFIED,
  DeidentifiedFinding: READS_DEIDENTIFIED,
};

/** type-graphql's hook: before every query, mutation, subscription and field that declares roles. */
export const checkRoles: AuthChecker<GatewayContext, AccessRole> = ({ context, info }, roles) => {
  const { identity } = context.caller;
  if (identity.deidentifiedOnly) requireDeidentifiedSelection(info);
  if (!hasRole(identity, roles)) throw missingRole(roles);
  return true;
};

/** A field and who may ask for it. */
export interface Permission {
  /** Name of its type: Query, Mutation, Subscription, or that of an object. */
  readonly type: string;
  readonly field: string;
  readonly roles: readonly AccessRole[];
  /** Also for identities that are granted de-identified views only. */
  readonly deidentified: boolean;
}

/** Every field that declares roles, by type and name. */
export function declaredPermissions(schema: GraphQLSchema): Permission[] {
  const declared = declaredRoles();
  const permissions = objectTypes(schema).flatMap((type) =>
    Object.values(type.getFields()).flatMap(({ name: field, extensions }) => {
      const roles = declared.get(`${type.name}.${field}`);
      const deidentified = isMarked(extensions) || isMarked(type.extensions);
      return roles === undefined ? [] : [{ type: type.name, field, roles, deidentified }];
    }),
  );
  const name = ({ type, field }: Permission) => `${type}.${field}`;
  return permissions.sort((a, b) => (name(a) < name(b) ? -1 : 1));
}

/**
 * Makes sure that nothing is reachable without a declaration.
 *
 * @throws Error naming every root field without roles, and every way to a type that is not for a role
 */
export function requireDeclaredPermissions(schema: GraphQLSchema): void {
  const declared = declaredRoles();
  const without = rootTypes(schema).flatMap((type) =>
    Object.keys(type.getFields())
      .map((field) => `${type.name}.${field}`)
      .filter((field) => (declared.get(field)?.length ?? 0) === 0),
  );
  if (without.length > 0) throw new Error(`Without @Authorized: ${without.join(', ')}.`);
  const ways = waysToForbiddenTypes(schema);
  if (ways.length > 0) throw new Error(`Leads a role to what is not for it: ${ways.join(', ')}.`);
}

/** `Type.field (ROLE)` for each role that may ask for the field and may not have what it gives. */
function waysToForbiddenTypes(schema: GraphQLSchema): string[] {
  const reached = reachableRoles(schema);
  const ways: string[] = [];
  for (const type of objectTypes(schema)) {
    for (const field of Object.values(type.getFields())) {
      const readers = readersOf(getNamedType(field.type).name);
      if (readers === undefined) continue;
      const strangers = rolesThrough(type, field, reached).filter((role) => !readers.includes(role));
      ways.push(...strangers.map((role) => `${type.name}.${field.name} (${role})`));
    }
  }
  return ways;
}

/** The roles that can come to objects of each type, found by following every field from the root types. */
export function reachableRoles(schema: GraphQLSchema): ReadonlyMap<string, ReadonlySet<AccessRole>> {
  const reached = new Map<string, Set<AccessRole>>(rootTypes(schema).map(({ name }) => [name, new Set(ACCESS_ROLES)]));
  for (let grown = true; grown; ) {
    grown = false;
    for (const type of objectTypes(schema)) {
      for (const field of Object.values(type.getFields())) {
        for (const target of possibleTypes(schema, getNamedType(field.type))) {
          const roles = rolesThrough(type, field, reached).filter((role) => target.through?.includes(role) ?? true);
          const known = reached.get(target.name) ?? new Set<AccessRole>();
          const before = known.size;
          for (const role of roles) known.add(role);
          reached.set(target.name, known);
          grown ||= known.size > before;
        }
      }
    }
  }
  return reached;
}

function rolesThrough(
  type: GraphQLNamedType,
  field: GraphQLField<unknown, unknown>,
  reached: ReadonlyMap<string, ReadonlySet<AccessRole>>,
): AccessRole[] {
  const own = declaredRoles().get(`${type.name}.${field.name}`) ?? ACCESS_ROLES;
  return [...(reached.get(type.name) ?? [])].filter((role) => own.includes(role));
}

/** Of an interface each type, which the query node gives to its readers only. */
function possibleTypes(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
): { readonly name: string; readonly through?: readonly AccessRole[] }[] {
  if (isObjectType(type)) return [type];
  if (!isInterfaceType(type)) return [];
  return schema.getPossibleTypes(type).map(({ name }) => ({ name, through: readersOf(name) ?? [] }));
}

function readersOf(type: string): readonly AccessRole[] | undefined {
  return (OBJECT_READERS as Readonly<Record<string, readonly AccessRole[]>>)[type] ?? PART_READERS[type];
}

function rootTypes(schema: GraphQLSchema) {
  return [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter(
    (type) => type !== null && type !== undefined,
  );
}

function objectTypes(schema: GraphQLSchema) {
  return Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter(({ name }) => !name.startsWith('__'));
}

/** By `Type.field`, as type-graphql has gathered them from the decorators. */
function declaredRoles(): ReadonlyMap<string, readonly AccessRole[]> {
  const storage = getMetadataStorage();
  const declared = new Map<string, readonly AccessRole[]>();
  const add = (type: string, field: string, roles: readonly unknown[] | undefined) => {
    if (roles !== undefined) declared.set(`${type}.${field}`, roles as readonly AccessRole[]);
  };
  for (const { schemaName, roles } of storage.queries) add('Query', schemaName, roles);
  for (const { schemaName, roles } of storage.mutations) add('Mutation', schemaName, roles);
  for (const { schemaName, roles } of storage.subscriptions) add('Subscription', schemaName, roles);
  for (const { name, fields } of storage.objectTypes) {
    for (const field of fields ?? []) add(name, field.schemaName, field.roles);
  }
  const names = new Map(storage.objectTypes.map(({ target, name }) => [target, name]));
  for (const { getObjectType, schemaName, roles } of storage.fieldResolvers) {
    const name = names.get(getObjectType?.() as never);
    if (name !== undefined) add(name, schemaName, roles);
  }
  return declared;
}
