/** The tables of docs/permissions.md, made from what is declared beside the fields and doors. */
import type { AccessRole } from '../src/store/generated/enums.ts';

/** An operation, field or door and who may use it. */
export interface PermissionRow {
  readonly name: string;
  readonly roles: readonly AccessRole[];
  /** Also for identities that are granted de-identified views only. */
  readonly deidentified: boolean;
}

/** What the tables are made of. */
export interface PermissionSources {
  /** In the order of the columns. */
  readonly roles: readonly AccessRole[];
  /** Fields that declare roles. */
  readonly fields: readonly (Omit<PermissionRow, 'name'> & { readonly type: string; readonly field: string })[];
  /** Doors and views of HTTP by method and path. */
  readonly doors: Readonly<Record<string, { readonly roles: readonly AccessRole[]; readonly deidentified?: boolean }>>;
  /** Who can have objects of a type, by whichever way. */
  readonly objects: Readonly<Record<string, readonly AccessRole[]>>;
}

const ROOTS = ['Query', 'Mutation', 'Subscription'];

/** Markdown by the name of its place in the document. */
export function permissionTables(sources: PermissionSources): Readonly<Record<string, string>> {
  const { roles, fields } = sources;
  const ofRoot = (root: string) =>
    fields.filter(({ type }) => type === root).map(({ field, ...rest }) => ({ ...rest, name: field }));
  const ofObjects = fields
    .filter(({ type }) => !ROOTS.includes(type))
    .map(({ type, field, ...rest }) => ({ ...rest, name: `${type}.${field}` }));
  const doors = Object.entries(sources.doors).map(([name, door]) => ({ name, deidentified: false, ...door }));
  const objects = Object.entries(sources.objects).map(([name, readers]) => ({
    name,
    roles: readers,
    deidentified: false,
  }));
  return {
    queries: table('Query', roles, ofRoot('Query')),
    mutations: table('Mutation', roles, ofRoot('Mutation')),
    subscriptions: table('Subscription', roles, ofRoot('Subscription')),
    fields: table('Field', roles, ofObjects),
    objects: table('Object', roles, objects),
    http: table('HTTP', roles, doors),
  };
}

/** The document with its tables made anew, between `<!-- permissions:NAME -->` and `<!-- end -->`. */
export function withPermissionTables(document: string, sources: PermissionSources): string {
  let text = document;
  for (const [name, rows] of Object.entries(permissionTables(sources))) {
    const begin = `<!-- permissions:${name} -->\n`;
    const from = text.indexOf(begin);
    const until = text.indexOf('<!-- end -->', from);
    if (from < 0 || until < 0) throw new Error(`The document has no place for the table ${name}.`);
    text = `${text.slice(0, from + begin.length)}\n${rows}\n\n${text.slice(until)}`;
  }
  return text;
}

function table(head: string, roles: readonly AccessRole[], rows: readonly PermissionRow[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const heads = [head, ...roles, 'de-identified only'];
  const cells = ({ name, roles: allowed, deidentified }: PermissionRow) => [
    `\`${name}\``,
    ...roles.map((role) => (allowed.includes(role) ? 'yes' : '')),
    deidentified ? 'with the role' : '',
  ];
  const body = rows.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((row) => line(cells(row)));
  return [line(heads), line(heads.map(() => '---')), ...body].join('\n');
}
