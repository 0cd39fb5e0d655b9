/** The few engines that a worker thread keeps loaded. */
import { isDeepStrictEqual } from 'node:util';
import type { ModelReference } from './reading.ts';
import { ModelSession } from './session.ts';

/**
 * Sessions by digest and folder (two model versions may share a file and differ in their thresholds), the least recently
 * used one released first. One whose manifest has changed since is loaded anew. A session of the INT8 CheXNet holds about 13 MB.
 */
export class SessionCache {
  readonly #capacity: number;
  /** By digest and folder, in order of last use. */
  readonly #sessions = new Map<string, ModelSession>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * The session of an engine, loaded if need be. One call at a time: a worker has one task.
   *
   * @throws GatewayError MODEL_INVALID, MODEL_DIGEST_MISMATCH
   */
  async get(model: ModelReference, intraOpThreads: number): Promise<ModelSession> {
    const key = `${model.digest} ${model.directory}`;
    const kept = this.#sessions.get(key);
    this.#sessions.delete(key);
    const current = kept !== undefined && isDeepStrictEqual(kept.manifest, model.manifest);
    if (!current) await kept?.release();
    const session = current ? kept : await ModelSession.load(model, intraOpThreads);
    this.#sessions.set(key, session);
    for (const [oldestKey, oldest] of this.#sessions) {
      if (this.#sessions.size <= this.#capacity) break;
      this.#sessions.delete(oldestKey);
      await oldest.release();
    }
    return session;
  }
}
