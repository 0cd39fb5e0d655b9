/** The built gateway in a process of its own, which a test may kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = resolve(import.meta.dirname, '..', '..', 'dist', 'main.js');

/** A gateway process that serves. */
export interface GatewayProcess extends AsyncDisposable {
  readonly url: string;
  /** Address of the DICOM door, such as `dicom://127.0.0.1:40000`. */
  readonly dicomUrl: string | undefined;
  readonly pid: number;
  /** Sends a signal and resolves with the exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

/** The environment without settings of the machine that runs the tests. */
function environment(settings: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', PORT: '0', DIMSE_PORT: '0', ...settings };
}

function exited(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((done) => child.once('exit', (code, signal) => done(code ?? signal)));
}

/** One event of the log. */
export type LoggedEvent = { readonly event: string; readonly url?: string; readonly dicomUrl?: string };

/**
 * Starts `cxr-gateway serve` and waits until it serves.
 *
 * @param onEvent - told of every event that it logs
 * @param options - of the command; by default everybody is let in
 */
export async function startGatewayProcess(
  settings: Readonly<Record<string, string>>,
  onEvent: (event: LoggedEvent) => void = () => {},
  options: readonly string[] = ['--insecure-no-auth'],
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [MAIN, 'serve', ...options], {
    env: environment(settings),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = exited(child);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const { url, dicomUrl } = await new Promise<{ url: string; dicomUrl?: string }>((serving, failed) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as LoggedEvent;
      onEvent(event);
      if (event.event === 'gateway.started' && event.url !== undefined) serving({ ...event, url: event.url });
    });
    void exit.then((code) => failed(new Error(`the gateway ended with ${code}: ${errors}`)));
  });
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exit;
  };
  return {
    url,
    dicomUrl,
    pid: child.pid ?? 0,
    end,
    [Symbol.asyncDispose]: async () => {
      await end('SIGKILL');
    },
  };
}

/** Runs a command of the command line to its end. */
export async function runCommand(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | NodeJS.Signals | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: environment(settings),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      output[name] += chunk.toString();
    });
  }
  return { code: await exited(child), ...output };
}
