/**
 * Looks once an hour whether the scores or films of the versions in clinical use have moved away from their references. Any
 * process may look, also several: an alert is one a version, day and measure.
 */
import { toGatewayError } from './errors.ts';
import type { Log } from './log.ts';
import type { DriftAlertStore, WatchedVersion } from './store/drift-alerts.ts';
import { type DriftMeasure, driftOf, referenceOfManifest } from './store/reads/drift.ts';
import type { Reader } from './store/reads/scope.ts';

/** What is looked at, and from when on it is drift. */
export interface DriftWatchOptions {
  readonly alerts: DriftAlertStore;
  /** Sees every reading. */
  readonly reader: Reader;
  /** Fewer films in the last 24 hours say nothing: PSI of small samples is large by chance. */
  readonly minimumFilms: number;
  /** Population stability index above which a measure has drifted, when the Kolmogorov-Smirnov test agrees. */
  readonly psi: number;
  readonly log: Log;
}

/** The Kolmogorov-Smirnov test must find the difference less likely than this besides. */
export const DRIFT_P_VALUE = 0.01;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Looks once an hour. */
export class DriftWatch implements AsyncDisposable {
  readonly #options: DriftWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<unknown> = Promise.resolve();

  constructor(options: DriftWatchOptions) {
    this.#options = options;
  }

  /** Looks now, and once an hour from now on. */
  open(): void {
    const look = () => {
      this.#looking = this.look().catch((error: unknown) => {
        this.#options.log.warn('drift.not-looked', { code: toGatewayError(error).code });
      });
    };
    look();
    this.#timer = setInterval(look, HOUR_MS);
    this.#timer.unref();
  }

  /**
   * Looks at the 24 hours before a time.
   *
   * @returns new alerts
   */
  async look(now = new Date()): Promise<number> {
    let found = 0;
    for (const version of await this.#options.alerts.watched()) found += await this.#lookAt(version, now);
    return found;
  }

  async #lookAt({ id, name, version, manifest }: WatchedVersion, now: Date): Promise<number> {
    const { alerts, reader, minimumFilms, log } = this.#options;
    const reference = referenceOfManifest(manifest);
    if (reference === null) return 0;
    const period = { from: new Date(now.getTime() - DAY_MS), until: now };
    const { films, measures } = await driftOf(reader, id, reference, period);
    if (films < minimumFilms) return 0;
    const drifted = measures.filter((measure) => this.#hasDrifted(measure));
    const measured = await alerts.record(id, now, films, drifted);
    if (measured.length > 0) {
      log.warn('model.drift', {
        modelVersionId: id,
        modelName: name,
        modelVersion: version,
        count: films,
        reason: measured.join(', '),
      });
    }
    return measured.length;
  }

  #hasDrifted({ count, psi, ksPValue }: DriftMeasure): boolean {
    return count >= this.#options.minimumFilms && psi > this.#options.psi && ksPValue < DRIFT_P_VALUE;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }
}
