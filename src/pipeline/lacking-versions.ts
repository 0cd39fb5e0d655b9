/**
 * Model versions whose readings this process leaves to others, because its MODELS_DIR does not hold them. It claims none of them
 * until its folder has come; but once in a while it does, so that a reading that nobody can make does not wait for ever.
 */
import { toGatewayError } from '../errors.ts';

/** A reading is claimed again after so long, and fails when it was left for longer than {@link LEAVE_LIMIT_MS}. */
const LACKING_MS = 60_000;

/** A machine that holds the version takes a reading that was left, as the first in line, in much less. */
const LEAVE_LIMIT_MS = 3_600_000;

/** Knows what this process lacks. */
export class LackingVersions {
  readonly #lacking = new Map<string, { readonly digest: string; readonly until: number }>();

  /** Their ids. */
  ids(): readonly string[] {
    const now = performance.now();
    for (const [id, { until }] of this.#lacking) if (until <= now) this.#lacking.delete(id);
    return [...this.#lacking.keys()];
  }

  /**
   * A reading of a version was claimed that this process lacks.
   *
   * @param leftSince - when a process first left the reading to others
   * @returns false when it was left for so long that it is to fail
   */
  leave(modelVersionId: string, digest: string, leftSince: Date | undefined): boolean {
    if (leftSince !== undefined && Date.now() - leftSince.getTime() > LEAVE_LIMIT_MS) return false;
    this.#lacking.set(modelVersionId, { digest, until: performance.now() + LACKING_MS });
    return true;
  }

  /**
   * Looks whether folders have come.
   *
   * @param reference - rejects with MODEL_UNAVAILABLE where a version is still lacking
   * @returns true when there is one to claim readings of
   */
  async look(reference: (digest: string) => Promise<unknown>): Promise<boolean> {
    let found = false;
    for (const [id, { digest }] of [...this.#lacking]) {
      const code = await reference(digest).then(
        () => undefined,
        (error: unknown) => toGatewayError(error).code,
      );
      if (code === 'MODEL_UNAVAILABLE') continue;
      this.#lacking.delete(id);
      found = true;
    }
    return found;
  }
}
