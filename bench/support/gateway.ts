/** A gateway in a process of its own, on an embedded PostgreSQL in a temporary folder. */
import { spawn } from 'node:child_process';
import { chmod, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MAIN } from './built.ts';
import { temporaryFolder } from './films.ts';
import { UNLIMITED } from './unlimited.ts';

/** A running gateway. */
export interface GatewayProcess extends AsyncDisposable {
  readonly url: string;
  /** Removes the files of the films that it has stored, not their records. */
  removeFilms(): Promise<void>;
  /** Port of the DICOM door. */
  readonly dicomPort: number;
  /** Milliseconds of processor time that the process has used, all threads. */
  processorMs(): Promise<number>;
  /** Most memory that the process has held at once, in MB. */
  peakMemoryMb(): Promise<number>;
}

/** The kernel counts processor time in ticks of 10 ms. */
const TICK_MS = 10;

/** Starts a gateway with these settings and waits until it serves. */
export async function startGateway(settings: Readonly<Record<string, string>>): Promise<GatewayProcess> {
  const folder = await temporaryFolder('bench-data');
  await chmod(folder.path, 0o755); // as root PostgreSQL runs as another account, which must be able to enter
  const child = spawn(process.execPath, [MAIN, 'serve', '--insecure-no-auth'], {
    env: {
      ...process.env,
      ...UNLIMITED,
      DATA_DIR: folder.path,
      PORT: '0',
      DIMSE_PORT: '0',
      LOG_LEVEL: 'info',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { url, dicomUrl } = await new Promise<{ url: string; dicomUrl?: string }>((resolve, reject) => {
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const event = JSON.parse(line) as { event: string; url?: string; dicomUrl?: string };
      if (event.event === 'gateway.started' && event.url !== undefined) resolve({ ...event, url: event.url });
    });
    child.once('exit', (code) => reject(new Error(`the gateway ended with ${code} before it served`)));
  });
  return {
    url,
    dicomPort: Number(dicomUrl?.split(':').at(-1)),
    removeFilms: async () => {
      const blobs = join(folder.path, 'blobs');
      for (const name of await readdir(blobs, { recursive: true })) {
        if (name.endsWith('.dcm')) await rm(join(blobs, name));
      }
    },
    processorMs: async () => {
      const fields = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    },
    peakMemoryMb: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
      await folder[Symbol.asyncDispose]();
    },
  };
}
