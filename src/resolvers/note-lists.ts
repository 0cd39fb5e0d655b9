/**
 * Notes what pages of lists tell without an entry being shown. A cursor holds the value that its list is ordered by, such as a
 * patient's name; a count, or that there is no entry, says something of those whom the filter names.
 */
import { type GraphQLResolveInfo, type GraphQLSchema, getArgumentValues } from 'graphql';
import type { Disclosed } from '../access/disclosures.ts';
import { NODE_TYPES, type NodeType, parseGlobalId } from '../schema/global-id.ts';
import type { Connection } from '../schema/page.type.ts';
import type { GatewayContext } from './context.ts';
import { noteOf } from './note-of.ts';

type Shows = (row: never) => Disclosed;
type Page = Connection<unknown>;

/** Page infos whose cursors are those of these rows. */
const ends = new WeakMap<object, readonly Disclosed[]>();

/**
 * Has the lists of these types noted.
 *
 * @param shows - by the name of the type of the entries
 */
export function noteLists(schema: GraphQLSchema, shows: Readonly<Record<string, Shows>>): void {
  for (const [name, show] of Object.entries(shows)) {
    if (schema.getType(`${name}Connection`) === undefined) continue;
    noteOf(schema, `${name}Edge`, (edge, { disclosures }) => {
      disclosures?.note(show((edge as { readonly node: never }).node));
    });
    noteOf(schema, `${name}Connection`, (value, { disclosures }, info) => {
      const { nodes, pageInfo } = value as Page;
      const rows = nodes.map((row) => show(row as never));
      ends.set(pageInfo, [...rows.slice(0, 1), ...rows.slice(-1)]);
      disclosures?.noteList({ list: name, rows, counted: false, about: subjectsOf(info) });
    });
    noteCounts(schema, name, show);
  }
  noteOf(schema, 'PageInfo', (pageInfo, { disclosures }) => {
    for (const row of ends.get(pageInfo as object) ?? []) disclosures?.note(row);
  });
}

function noteCounts(schema: GraphQLSchema, name: string, show: Shows): void {
  const type = schema.getType(`${name}Connection`);
  const field = type !== undefined && 'getFields' in type ? type.getFields().totalCount : undefined;
  if (field === undefined || !('resolve' in field)) throw new Error(`${name}Connection has no totalCount.`);
  const { resolve } = field;
  field.resolve = (page: Page, args, context: GatewayContext, info) => {
    const rows = page.nodes.map((row) => show(row as never));
    context.disclosures?.noteList({ list: name, rows, counted: true, about: [] });
    return resolve ? resolve(page, args, context, info) : page.totalCount();
  };
}

/** The UUIDs and UIDs of those whom the arguments of a list name. Numbers and names of patients are not for the audit. */
function subjectsOf({ parentType, fieldName, fieldNodes, variableValues }: GraphQLResolveInfo): readonly string[] {
  const [definition, node] = [parentType.getFields()[fieldName], fieldNodes[0]];
  if (definition === undefined || node === undefined) return [];
  const { filter } = getArgumentValues(definition, node, variableValues) as { filter?: Record<string, unknown> | null };
  const { patientId, studyInstanceUid } = filter ?? {};
  return [
    ...(isNodeId(patientId) ? [parseGlobalId(patientId).id] : []),
    ...(typeof studyInstanceUid === 'string' ? [studyInstanceUid] : []),
  ];
}

function isNodeId(text: unknown): text is string {
  if (typeof text !== 'string') return false;
  const [name = ''] = Buffer.from(text, 'base64url').toString('latin1').split(':');
  return NODE_TYPES.includes(name as NodeType);
}
