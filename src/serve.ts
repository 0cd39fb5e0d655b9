/** Runs the gateway until a signal ends it. */
import { type AppOptions, createApp } from './app.ts';
import type { Config } from './config.ts';
import type { DimseAddressInfo } from './dimse/door.ts';
import { createLog, type Log, type LogFields } from './log.ts';

/**
 * Serves until SIGTERM or SIGINT, then drains and closes. A second signal kills the process: nothing acknowledged is lost
 * by that, and an orderly exit would have to wait for the native code that the worker threads are in.
 *
 * @throws GatewayError when the gateway cannot be built or cannot listen
 */
export async function serve(config: Config, options: Pick<AppOptions, 'insecureNoAuth'> = {}): Promise<void> {
  const log = createLog(config.logLevel);
  const app = await createApp(config, log, options);
  try {
    const { url, dimse } = await app.start();
    log.info('gateway.started', { url, role: config.role, threads: config.inference.threads, ...dicomFields(dimse) });
    const signal = await nextSignal();
    log.info('gateway.stopping', { signal });
    endAtNextSignal(log);
    await app.drain();
  } finally {
    await app[Symbol.asyncDispose]();
  }
  log.info('gateway.stopped');
}

/** Where films may be sent by DICOM, for the log. */
function dicomFields(dimse: DimseAddressInfo | undefined): LogFields {
  return dimse === undefined ? {} : { calledAeTitle: dimse.aeTitle, dicomUrl: `dicom://${dimse.host}:${dimse.port}` };
}

/** Resolves at the first SIGTERM or SIGINT. */
export function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, resolve);
  });
}

function endAtNextSignal(log: Log): void {
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.warn('gateway.killed', { signal: name });
      process.kill(process.pid, 'SIGKILL');
    });
  }
}
