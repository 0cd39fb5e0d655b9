/** The few model versions that a worker thread keeps loaded. */
import type { ModelReference } from './reading.ts';
import { ModelSession } from './session.ts';

/**
 * Sessions by digest, the least recently used one released first. A session of the INT8 CheXNet holds about 13 MB.
 */
export class SessionCache {
  readonly #capacity: number;
  /** In order of last use. */
  readonly #sessions = new Map<string, ModelSession>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * The session of a model version, loaded if need be. One call at a time: a worker has one task.
   *
   * @throws GatewayError MODEL_INVALID, MODEL_DIGEST_MISMATCH
   */
  async get(model: ModelReference, intraOpThreads: number): Promise<ModelSession> {
    const kept = this.#sessions.get(model.digest);
    this.#sessions.delete(model.digest);
    const session = kept ?? (await ModelSession.load(model, intraOpThreads));
    this.#sessions.set(model.digest, session);
    for (const [digest, oldest] of this.#sessions) {
      if (this.#sessions.size <= this.#capacity) break;
      this.#sessions.delete(digest);
      await oldest.release();
    }
    return session;
  }
}
