/** Whether this process can do its work now: what a load balancer or an orchestrator asks at /readyz. */
import type { SyslogExport } from './audit-export/syslog-export.ts';
import type { DimseDoor } from './dimse/door.ts';
import type { ReadinessCheck } from './http/health.ts';
import type { InferencePool } from './inference/pool.ts';
import type { ServedModels } from './models/served-models.ts';
import type { Store } from './store/store.ts';

/** What is looked at. */
export interface ReadinessOptions {
  readonly store: Store;
  readonly pool: InferencePool;
  /** What reads films in this process; undefined where none are read. */
  readonly served: ServedModels | undefined;
  /** Who can prove who they are here, in words. */
  readonly identity: string;
  /** The DICOM door; undefined where there is none. */
  readonly door: DimseDoor | undefined;
  /** What sends the audit to a collector; undefined where none is set. */
  readonly auditExport: SyslogExport | undefined;
}

/** Answers /readyz. */
export class Readiness {
  readonly #options: ReadinessOptions;

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  /** Looks at the database, the model and the pool. */
  async check(): Promise<readonly ReadinessCheck[]> {
    try {
      await this.#options.store.ping();
    } catch {
      return [{ name: 'database', ok: false, detail: 'does not answer: look at DATABASE_URL and the server' }];
    }
    const { door, identity, auditExport } = this.#options;
    const checks = [
      { name: 'database', ok: true, detail: 'answers' },
      await this.#model(),
      this.#pool(),
      { name: 'identity', ok: true, detail: identity },
    ];
    if (door !== undefined) checks.push(doorCheck(door));
    if (auditExport !== undefined) checks.push(await auditExportCheck(auditExport));
    return checks;
  }

  async #model(): Promise<ReadinessCheck> {
    const { store, served } = this.#options;
    const active = await store.modelVersions.active();
    if (active === null) {
      return { name: 'model', ok: false, detail: 'no model version is active: use the mutation activateModelVersion' };
    }
    const named = `${active.name}@${active.version}`;
    const state = await served?.state(active.digest);
    if (state === undefined) return { name: 'model', ok: true, detail: named };
    return { name: 'model', ok: state.ok, detail: `${named} ${state.detail}` };
  }

  #pool(): ReadinessCheck {
    const { busy, waiting, threads } = this.#options.pool.statistics;
    return { name: 'pool', ok: true, detail: `${threads} threads, ${busy} busy, ${waiting} waiting` };
  }
}

function doorCheck({ address, associations }: DimseDoor): ReadinessCheck {
  if (address === undefined) return { name: 'dimse', ok: false, detail: 'does not listen' };
  return {
    name: 'dimse',
    ok: true,
    detail: `${address.aeTitle} on port ${address.port}, ${associations} associations`,
  };
}

/** Never a reason to send nobody here: records wait in the database until the collector is back. */
async function auditExportCheck(auditExport: SyslogExport): Promise<ReadinessCheck> {
  const { sends, problem, lag } = await auditExport.state();
  const who = sends ? 'this process sends' : 'another process sends, or none does yet';
  const trouble = problem === undefined ? '' : `: ${problem}`;
  return { name: 'audit-export', ok: true, detail: `${lag} records to send; ${who}${trouble}` };
}
