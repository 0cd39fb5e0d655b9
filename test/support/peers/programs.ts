/** Programs of other makers that tests speak to, as far as they are installed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Daemons are installed where only root's path leads. */
const FOLDERS = [...(process.env.PATH ?? '').split(':'), '/usr/bin', '/usr/sbin', '/usr/local/bin'];

/** Absolute path of a program; undefined when it is not installed. */
export function installed(program: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** A port of the loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Resolves once something listens; programs of other makers say so in no other way. */
export async function listening(target: number | string, ended: Promise<unknown>): Promise<void> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    const answers = await new Promise<boolean>((done) => {
      const socket = typeof target === 'number' ? connect(target, '127.0.0.1') : connect(target);
      socket.once('connect', () => done(true)).once('error', () => done(false));
      socket.once('connect', () => socket.destroy());
    });
    if (answers) return;
    await delay(20);
  }
  throw new Error('the program ended before it listened');
}

/** A running program with a folder of its own. */
export interface Program extends AsyncDisposable {
  readonly folder: string;
  readonly ended: Promise<void>;
  /** What it has written so far, both streams. */
  output(): string;
  /** Stops it; its folder stays until disposal. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** A temporary folder for a program. */
export function programFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'cxr-peer-'));
}

/** Starts a program in a folder that disposal removes. */
export function startProgram(path: string, args: readonly string[], folder: string): Program {
  const child = spawn(path, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ended = endOf(child);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    await ended;
  };
  return {
    folder,
    ended,
    output: () => output,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    child.once('exit', () => done());
    child.once('error', () => done());
  });
}
