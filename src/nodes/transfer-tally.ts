/** What became of the films of one transfer. */
import type { GatewayError } from '../errors.ts';
import type { MovedFilms } from './node-client.ts';

/** Counts films, and keeps why the first ones failed. */
export class TransferTally {
  #completed = 0;
  #failed = 0;
  #mayPass: GatewayError | undefined;
  #lasting: GatewayError | undefined;

  /** Films that are stored where they belong. */
  get completed(): number {
    return this.#completed;
  }

  /** Films that are not. */
  get failed(): number {
    return this.#failed;
  }

  /** Why a film failed that may succeed in another attempt. */
  get mayPass(): GatewayError | undefined {
    return this.#mayPass;
  }

  /** Why a film failed: what may pass before what will not. */
  get problem(): GatewayError | undefined {
    return this.#mayPass ?? this.#lasting;
  }

  /** A film was stored, or failed. */
  settle(error: GatewayError | undefined): void {
    if (error === undefined) this.#completed += 1;
    else this.#fail(1, error);
  }

  /**
   * Takes over what a node counts, where the films do not pass through here.
   *
   * @param error - what its failures mean
   */
  count({ completed, failed }: MovedFilms, error: GatewayError): void {
    this.#completed = completed;
    this.#failed = 0;
    if (failed > 0) this.#fail(failed, error);
  }

  #fail(films: number, error: GatewayError): void {
    this.#failed += films;
    if (error.retryable) this.#mayPass ??= error;
    else this.#lasting ??= error;
  }
}
