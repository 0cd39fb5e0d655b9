/**
 * Prints the SQL that leads from one version of prisma/schema.prisma to another, for a new folder in prisma/migrations.
 *
 *   npm run migration:sql                     from nothing to the present schema
 *   npm run migration:sql -- OLD.prisma       from OLD.prisma to the present schema
 *
 * Prisma's native schema engine is downloaded from a place that hospital networks rarely reach, so the WebAssembly
 * build from the registry is loaded instead.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.ts';

const SCHEMA = resolve(import.meta.dirname, '..', 'prisma', 'schema.prisma');

/** The part of the WebAssembly global used here; Node has it, its types do not declare it. */
const { WebAssembly: webAssembly } = globalThis as unknown as {
  WebAssembly: {
    instantiate(
      bytes: Uint8Array,
      imports: Record<string, unknown>,
    ): Promise<{ instance: { exports: Record<string, (() => void) | undefined> } }>;
  };
};

async function loadSchemaEngine() {
  const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'));
  const bindings = await import(join(folder, 'schema_engine_bg.js'));
  const wasm = await webAssembly.instantiate(await readFile(join(folder, 'schema_engine_bg.wasm')), {
    './schema_engine_bg.js': bindings,
  });
  bindings.__wbg_set_wasm(wasm.instance.exports);
  wasm.instance.exports.__wbindgen_start?.();
  return bindings;
}

/**
 * SQL that turns the schema `from` (undefined: an empty database) into the schema `to`.
 *
 * @param server - a PostgreSQL that is asked for its version only
 */
export async function migrationSql(from: string | undefined, to: string, server: string): Promise<string> {
  const { SchemaEngine } = await loadSchemaEngine();
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg(server));
  const engine = await SchemaEngine.new({ datamodels: undefined }, () => {}, adapter);
  const datamodel = (content: string) => ({
    tag: 'schemaDatamodel',
    files: [{ path: 'schema.prisma', content }],
  });
  const result = await engine.diff({
    from: from === undefined ? { tag: 'empty' } : datamodel(from),
    to: datamodel(to),
    script: true,
    exitCode: null,
    shadowDatabaseUrl: null,
    filters: { externalTables: [], externalEnums: [] },
  });
  return result.stdout;
}

if (import.meta.main) {
  await using server = await startEmbeddedPostgres({ directory: join(tmpdir(), 'cxr-gateway-diff', 'postgres') });
  const old = process.argv[2];
  const from = old === undefined ? undefined : await readFile(old, 'utf8');
  process.stdout.write(await migrationSql(from, await readFile(SCHEMA, 'utf8'), server.url));
}
