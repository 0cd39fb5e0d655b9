/** The bytes of a file, see {@link ByteWindow}. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { GatewayError } from '../errors.ts';
import { ByteWindow, endOfFile } from './byte-window.ts';

/** An open file; dispose it to close it. `size` is that of the moment when it was opened. */
export class FileWindow extends ByteWindow implements Disposable {
  readonly #descriptor: number;

  /** @throws GatewayError BLOB_UNREADABLE when the file cannot be opened */
  constructor(path: string) {
    const descriptor = unreadable(() => openSync(path, 'r'));
    super(unreadable(() => fstatSync(descriptor).size));
    this.#descriptor = descriptor;
  }

  override readInto(target: Uint8Array, position: number): void {
    let filled = 0;
    while (filled < target.length) {
      const read = unreadable(() =>
        readSync(this.#descriptor, target, filled, target.length - filled, position + filled),
      );
      if (read === 0) throw endOfFile(position + target.length, position + filled);
      filled += read;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

/**
 * Opens a file for the time of one call. Without the `using` declaration, which Node 22 does not know: worker threads run
 * this file as it stands in the tests.
 */
export async function withFileWindow<T>(path: string, use: (window: FileWindow) => Promise<T>): Promise<T> {
  const window = new FileWindow(path);
  try {
    return await use(window);
  } finally {
    window[Symbol.dispose]();
  }
}

/** Runs a file operation; what the operating system refuses becomes BLOB_UNREADABLE. */
function unreadable<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    const systemCode = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new GatewayError('BLOB_UNREADABLE', `The film's file cannot be read (${systemCode}).`, {}, { cause: error });
  }
}
