/** DCMTK's receiver, in a process and a folder of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A running receiver; disposing ends it. */
export interface StoreScp extends AsyncDisposable {
  readonly port: number;
  /** Removes the films that it has received. */
  empty(): Promise<void>;
}

/**
 * @param args - such as --fork; throws when storescp is not installed
 * @param noDelay - without Nagle's algorithm, which DCMTK leaves on and which costs it up to 40 ms an answer
 */
export async function startStoreScp(folder: string, args: readonly string[], noDelay: boolean): Promise<StoreScp> {
  const port = await freePort();
  const output = join(folder, `storescp-${port}`);
  await mkdir(output);
  const child = spawn('storescp', ['--quiet', ...args, '--output-directory', output, String(port)], {
    stdio: 'ignore',
    env: { ...process.env, TCP_NODELAY: noDelay ? '1' : '0' },
  });
  const failed = once(child, 'error').then(([error]) => error as Error);
  for (let tries = 0; !(await listens(port)); tries += 1) {
    if (tries === 100) throw new Error('storescp does not listen');
    const error = await Promise.race([failed, delay(50)]);
    if (error instanceof Error) throw new Error('storescp is not installed (Debian: dcmtk)');
  }
  return {
    port,
    empty: async () => {
      await rm(output, { recursive: true });
      await mkdir(output);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const connected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  return connected;
}
