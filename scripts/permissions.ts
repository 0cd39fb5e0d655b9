/**
 * Makes the tables of docs/permissions.md anew from the code. Run after a build: what is declared stands beside decorated
 * classes, which Node cannot run as TypeScript.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withPermissionTables } from './permission-tables.ts';

const ROOT = resolve(import.meta.dirname, '..');
const FILE = resolve(ROOT, 'docs', 'permissions.md');
const built = (path: string) => import(pathToFileURL(resolve(ROOT, 'dist', path)).href);

/** Built by `npm run build`; typed by their sources. */
const { buildGatewaySchema }: typeof import('../src/resolvers/build-schema.ts') =
  await built('resolvers/build-schema.js');
const { declaredPermissions, OBJECT_READERS }: typeof import('../src/resolvers/authorization.ts') =
  await built('resolvers/authorization.js');
const { HTTP_DOORS }: typeof import('../src/access/permissions.ts') = await built('access/permissions.js');
const { ACCESS_ROLES }: typeof import('../src/access/identity.ts') = await built('access/identity.js');

const fields = declaredPermissions(await buildGatewaySchema());
const sources = { roles: ACCESS_ROLES, fields, doors: HTTP_DOORS, objects: OBJECT_READERS };
await writeFile(FILE, withPermissionTables(await readFile(FILE, 'utf8'), sources));
