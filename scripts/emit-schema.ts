/**
 * Writes schema.graphql, the committed text of the API, so that a change of the API shows in review.
 *
 *   npm run schema               writes it
 *   npm run schema -- --check    ends with 1 when the committed file differs
 *
 * Run after a build: the schema is made of decorated classes, which Node cannot run as TypeScript.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = resolve(import.meta.dirname, '..');
const FILE = resolve(ROOT, 'schema.graphql');

/** Built by `npm run build`; typed by its source, since it may not exist while types are checked. */
const built: typeof import('../src/resolvers/build-schema.ts') = await import(
  pathToFileURL(resolve(ROOT, 'dist', 'resolvers', 'build-schema.js')).href
);

const text = built.printGatewaySchema(await built.buildGatewaySchema());
const committed = await readFile(FILE, 'utf8').catch(() => '');

if (process.argv.includes('--check')) {
  if (committed !== text) {
    process.stderr.write('schema.graphql does not match the code. Run `npm run schema` and commit the file.\n');
    process.exitCode = 1;
  }
} else if (committed !== text) {
  await writeFile(FILE, text);
}
