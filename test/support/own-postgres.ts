/** A database server of one test, which it may end. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';
import { freePort } from './peers/programs.ts';

/** Serves on one port whenever it runs, with the durability of a server in use. */
export interface OwnPostgres {
  readonly url: string;
  /** Sends its first process a signal and waits for its end. */
  stop(signal: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
}

/** Starts a server that goes with its data when the test ends. */
export async function ownPostgres(): Promise<OwnPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-outage-'));
  await chmod(folder, 0o755); // as root the server runs as another account, which must be able to enter
  const options = { directory: join(folder, 'postgres'), settings: { port: String(await freePort()) } };
  let server = await startEmbeddedPostgres(options);
  const stop = async (signal: NodeJS.Signals) => {
    process.kill(server.pid, signal);
    while (isAlive(server.pid)) await delay(10);
  };
  onTestFinished(async () => {
    if (isAlive(server.pid)) await stop('SIGQUIT');
    await rm(folder, { recursive: true, force: true });
  });
  return {
    url: server.url,
    stop,
    start: async () => {
      server = await startEmbeddedPostgres(options);
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
