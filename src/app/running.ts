/** What the built parts do together: begin, let what is under way end, close. */
import type { SyslogExport } from '../audit-export/syslog-export.ts';
import type { DimseAddressInfo } from '../dimse/door.ts';
import { toGatewayError } from '../errors.ts';
import type { HttpServer } from '../http/server.ts';
import type { TransferRunner } from '../nodes/transfer-runner.ts';
import type { Pipeline } from '../pipeline.ts';
import { systemActor } from '../store/audit/audit-entry.ts';
import type { Store } from '../store/store.ts';
import type { Building } from './building.ts';
import type { Dimse } from './dimse-door.ts';
import type { Governance } from './governance.ts';

/** A built gateway; it listens and works once started. */
export interface App extends AsyncDisposable {
  readonly store: Store;
  /** Begins to claim jobs and to listen. */
  start(): Promise<{ readonly url: string; readonly dimse: DimseAddressInfo | undefined }>;
  /** Takes nothing new in and lets what is under way end, at most for SHUTDOWN_TIMEOUT_MS. */
  drain(): Promise<void>;
}

/** What begins to work, where this process has it. */
export interface RunningParts {
  readonly store: Store;
  readonly http: HttpServer;
  readonly dimse: Dimse | undefined;
  readonly pipeline: Pipeline | undefined;
  readonly transfers: TransferRunner | undefined;
  readonly governance: Governance;
  readonly auditExport: SyslogExport | undefined;
}

/** The app that the parts are. Its disposal closes everything that was opened, in reverse. */
export function runningApp({ config, log, opened }: Building, parts: RunningParts): App {
  const { store, http, dimse, pipeline, transfers, auditExport } = parts;
  const { rereads, driftWatch } = parts.governance;
  const { role, shutdownTimeoutMs } = config;
  return {
    store,
    start: async () => {
      await store.audit.record(systemActor('application start'), [{ action: 'EXECUTE', details: { role } }]);
      // The doors first: a transfer left over from before begins at once, and C-MOVE sends its films to our own door.
      const address = await dimse?.door.open();
      const listening = await http.listen();
      pipeline?.open();
      transfers?.open();
      rereads?.open();
      dimse?.commitments.open();
      driftWatch.open();
      await auditExport?.open();
      return { ...listening, dimse: address };
    },
    drain: async () => {
      pipeline?.pause();
      transfers?.pause();
      rereads?.pause();
      const drained = Promise.all([pipeline?.drained(), transfers?.drained()]);
      await Promise.all([http.drain(), dimse?.door.drain(shutdownTimeoutMs), withTimeout(drained, shutdownTimeoutMs)]);
      // A stop that cannot be recorded is a stop all the same.
      await store.audit
        .record(systemActor('application stop'), [{ action: 'EXECUTE', details: { role } }])
        .catch((error: unknown) => log.warn('audit.stop-unrecorded', { code: toGatewayError(error).code }));
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function withTimeout(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
