/** A whole gateway in the test's process: real PostgreSQL, real sockets, real threads, the shipped model. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { type App, type AppOptions, createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { DimseAddressInfo } from '../../src/dimse/door.ts';
import { type Log, silentLog } from '../../src/log.ts';
import { createDatabase } from './postgres.ts';

/** A gateway that serves at a URL; everything goes on disposal. */
export interface TestApp extends AsyncDisposable {
  /** Where its DICOM door is; undefined where it has none. */
  readonly dimse: DimseAddressInfo | undefined;
  readonly app: App;
  readonly url: string;
  /** Another gateway on the same database and blobs, as another machine would run it. */
  another(settings?: Record<string, string>): Promise<Omit<TestApp, 'another' | typeof Symbol.asyncDispose>>;
}

/** Starts a gateway with these settings over the tests' defaults. */
export async function startTestApp(
  settings: Record<string, string> = {},
  options: AppOptions = {},
  log: Log = silentLog,
): Promise<TestApp> {
  const database = await createDatabase(inject('databaseUrl'));
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-app-'));
  const apps: App[] = [];
  const another = async (more: Record<string, string> = {}) => {
    const environment = {
      DATABASE_URL: database.url,
      DATA_DIR: folder,
      PORT: '0',
      DIMSE_PORT: '0',
      INFERENCE_THREADS: '2',
      ...settings,
      ...more,
    };
    const app = await createApp(loadConfig(environment, {}), log, { insecureNoAuth: true, ...options });
    apps.push(app);
    return { app, ...(await app.start()) };
  };
  const dispose = async () => {
    for (const app of apps.reverse()) await app[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
    await database[Symbol.asyncDispose]();
  };
  try {
    return { ...(await another()), another, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
