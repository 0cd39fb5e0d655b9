/** What became of the films of one transfer. */
import type { GatewayError } from '../errors.ts';
import type { MovedFilms } from './node-client.ts';

/** Counts films and their bytes, and keeps why the first ones failed. */
export class TransferTally {
  #completed = 0;
  #failed = 0;
  #bytes = 0;
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

  /** Bytes of films that passed through this process, those of refused films too; C-MOVE brings them to the door instead. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Why a film failed that may succeed in another attempt. */
  get mayPass(): GatewayError | undefined {
    return this.#mayPass;
  }

  /** Why a film failed: what may pass before what will not. */
  get problem(): GatewayError | undefined {
    return this.#mayPass ?? this.#lasting;
  }

  /** Bytes of a film came or went. */
  pass(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Counts the bytes of a film as they come. */
  async *passing(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of bytes) {
      this.#bytes += chunk.byteLength;
      yield chunk;
    }
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
