/**
 * A real PostgreSQL from its npm package, for machines without a database server.
 *
 * States of the folder: absent -> initialised (initdb into a sibling, then renamed, so a kill in between leaves
 * nothing half made) -> running. The server runs in a session of its own: Ctrl+C reaches the gateway alone, which
 * drains first, and a killed gateway leaves a server that the next one adopts by its postmaster.pid.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, openSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { GatewayError } from '../errors.ts';
import { type PostgresHome, postgresHome } from './postgres-home.ts';

const SUPERUSER = 'postgres';
const DATABASE = 'cxr';
const START_TIMEOUT_MS = 60_000;

/** How to run the server. */
export interface EmbeddedPostgresOptions {
  /** Folder of the database cluster; made when absent. */
  readonly directory: string;
  /** Server settings, e.g. `{ fsync: 'off' }` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running server. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** Connection URL of the gateway's database. */
  readonly url: string;
  /** Process id of the server. */
  readonly pid: number;
}

/**
 * Makes the cluster when absent, starts the server or adopts a running one, and makes the database.
 * Disposal stops the server unless another gateway is still connected to it.
 *
 * @throws GatewayError CONFIG_INVALID when this platform has no PostgreSQL package or the server does not start
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const home = await postgresHome(options.directory);
  const password = await ensureCluster(home);
  const running = (await adopt(home, password)) ?? (await start(home, password, options.settings ?? {}));
  await ensureDatabase(running.url(SUPERUSER));
  return {
    url: running.url(DATABASE),
    pid: running.pid,
    [Symbol.asyncDispose]: () => stop(running),
  };
}

interface RunningServer {
  readonly pid: number;
  url(database: string): string;
}

/** The data directory must be private and belong to whom the server runs as. */
async function ensureCluster(home: PostgresHome): Promise<string> {
  const secretFile = `${home.cluster}.password`;
  if (existsSync(join(home.cluster, 'PG_VERSION'))) return (await readFile(secretFile, 'utf8')).trim();
  const password = randomBytes(24).toString('base64url');
  const unfinished = `${home.cluster}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  await writeFile(secretFile, password, { mode: 0o600 });
  if (home.owner !== undefined) {
    await chown(unfinished, home.owner.uid, home.owner.gid);
    await chown(secretFile, home.owner.uid, home.owner.gid);
  }
  await runToEnd(home, 'initdb', [
    `--pgdata=${unfinished}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${secretFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--data-checksums',
  ]);
  await rename(unfinished, home.cluster);
  return password;
}

async function start(
  home: PostgresHome,
  password: string,
  settings: Readonly<Record<string, string>>,
): Promise<RunningServer> {
  const port = await freePort();
  const log = openSync(`${home.cluster}.log`, 'a', 0o600);
  const flags = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    ...settings,
  };
  const child = spawn(
    join(home.binaries, 'postgres'),
    ['-D', home.cluster, ...Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { stdio: ['ignore', log, log], detached: true, cwd: dirname(home.cluster), ...home.owner },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.on('error', () => {});
  child.unref();
  const deadline = Date.now() + START_TIMEOUT_MS;
  let alive = true;
  exited.then(() => {
    alive = false;
  });
  while (Date.now() < deadline) {
    // A second gateway may have started a server on the same folder first; ours then ends and theirs is adopted.
    const running = await adopt(home, password);
    if (running !== undefined) return running;
    if (!alive && !existsSync(join(home.cluster, 'postmaster.pid'))) break;
    await delay(30);
  }
  throw new GatewayError(
    'CONFIG_INVALID',
    `The embedded PostgreSQL did not start; see ${home.cluster}.log, or set DATABASE_URL.`,
  );
}

/** The server that postmaster.pid names, if it answers. Lines: pid, folder, start, port, sockets, address, shm, state. */
async function adopt(home: PostgresHome, password: string): Promise<RunningServer | undefined> {
  const lines = (await readFile(join(home.cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!(pid > 0) || !(port > 0) || !isAlive(pid)) return undefined;
  const url = (database: string) => `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
  const client = new pg.Client({ connectionString: url(SUPERUSER), connectionTimeoutMillis: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return { pid, url };
  } catch {
    // Not up yet, or a stale file of a dead server whose pid another program has now.
    return undefined;
  } finally {
    await client.end().catch(() => {});
  }
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${DATABASE}`);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code !== '42P04' && code !== '23505') throw error; // duplicate_database, or lost the race to make it
  } finally {
    await client.end();
  }
}

async function stop(server: RunningServer): Promise<void> {
  if (await othersConnected(server)) return;
  if (!signal(server.pid, 'SIGINT')) return; // fast shutdown: sessions are ended, then a checkpoint
  while (isAlive(server.pid)) await delay(20);
}

async function othersConnected(server: RunningServer): Promise<boolean> {
  const client = new pg.Client({ connectionString: server.url(SUPERUSER) });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query(
      `SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1`,
    );
    return rows.length > 0;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function runToEnd(home: PostgresHome, program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(home.binaries, program), args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: '/',
      ...home.owner,
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new GatewayError('CONFIG_INVALID', `${program} of the embedded PostgreSQL failed: ${errors.trim()}`));
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function isAlive(pid: number): boolean {
  return signal(pid, 0);
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
