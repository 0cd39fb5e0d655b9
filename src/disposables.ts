/**
 * Closes what was opened, last first. The language's AsyncDisposableStack does the same but is missing in Node 22, which
 * the gateway supports.
 */
export class Disposables implements AsyncDisposable {
  readonly #closers: (() => PromiseLike<void> | void)[] = [];

  /** Adds something to close; returns it. */
  use<T extends AsyncDisposable>(resource: T): T {
    this.#closers.push(() => resource[Symbol.asyncDispose]());
    return resource;
  }

  /** Adds how to close something. */
  defer(close: () => PromiseLike<void> | void): void {
    this.#closers.push(close);
  }

  /** Closes everything, even when some closing fails, then throws the first failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** Runs `open`; when it fails, closes what it had opened by then. */
export async function opening<T>(open: (opened: Disposables) => Promise<T>): Promise<T> {
  const opened = new Disposables();
  try {
    return await open(opened);
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}
