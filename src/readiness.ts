/** Whether this process can do its work now: what a load balancer or an orchestrator asks at /readyz. */
import type { DimseDoor } from './dimse/door.ts';
import type { ReadinessCheck } from './http/health.ts';
import type { InferencePool } from './inference/pool.ts';
import type { ServedModels } from './served-models.ts';
import type { Store } from './store/store.ts';

/** What is looked at. */
export interface ReadinessOptions {
  readonly store: Store;
  readonly pool: InferencePool;
  /** What reads films in this process; undefined where none are read. */
  readonly served: ServedModels | undefined;
  /** The DICOM door; undefined where there is none. */
  readonly door: DimseDoor | undefined;
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
    const checks = [{ name: 'database', ok: true, detail: 'answers' }, await this.#model(), this.#pool()];
    const { door } = this.#options;
    return door === undefined ? checks : [...checks, doorCheck(door)];
  }

  async #model(): Promise<ReadinessCheck> {
    const { store, served } = this.#options;
    const active = await store.modelVersions.active();
    if (active === null) {
      return { name: 'model', ok: false, detail: 'no model version is active: use the mutation activateModelVersion' };
    }
    const named = `${active.name}@${active.version}`;
    const state = served?.state(active.digest);
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
