/**
 * Films as content-addressed files: BLOB_DIR/ab/cd/<sha256>.dcm. A film is written to incoming/, synced, then renamed to
 * its digest and its folders are synced, so a blob is whole and on disk, or absent.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GatewayError, toGatewayError } from '../errors.ts';
import { WriteBuffers } from './write-buffers.ts';

/** A film that has arrived whole but has no record yet. */
export interface StagedBlob {
  /** Where its bytes are now. */
  readonly path: string;
  /** Of all bytes, hexadecimal. */
  readonly sha256: string;
  /** Where it will be kept, relative to the folder of the blobs. */
  readonly key: string;
  readonly byteLength: number;
}

/** Limits and folder. */
export interface BlobStoreOptions {
  readonly directory: string;
  readonly maxFileBytes: number;
  readonly minFreeDiskBytes: number;
}

/** Files left in incoming/ for longer than this belong to no living upload. */
const ABANDONED_AFTER_MS = 24 * 3600_000;

/** How long one reading of the free space is used. */
const FREE_SPACE_AGE_MS = 500;

/** Stores films. */
export class BlobStore {
  readonly #options: BlobStoreOptions;
  readonly #incoming: string;
  readonly #buffers = new WriteBuffers();
  /** At most 65,536 paths. */
  readonly #syncedFolders = new Set<string>();
  #freeSpace = { at: 0, bytes: 0 };

  constructor(options: BlobStoreOptions) {
    this.#options = options;
    this.#incoming = join(options.directory, 'incoming');
  }

  /** Makes the folder, and removes what dead uploads left behind. */
  async open(): Promise<void> {
    await mkdir(this.#incoming, { recursive: true });
    await this.sweep();
  }

  /** Removes what dead uploads, of whichever process, left behind a day ago. Blobs are not touched, with a record or without. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#incoming)) {
      const path = join(this.#incoming, name);
      const info = await stat(path).catch(() => undefined);
      if (info !== undefined && Date.now() - info.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
    }
  }

  /**
   * Writes the bytes to disk as they come; memory holds a megabyte of them at most, a quarter when many films come at
   * once. Each piece is copied before the next one is asked for.
   *
   * @throws GatewayError STORAGE_FULL, PAYLOAD_TOO_LARGE, or what the source threw; nothing is left behind then
   */
  async stage(bytes: AsyncIterable<Uint8Array>): Promise<StagedBlob> {
    await this.#refuseWhenFull();
    const path = join(this.#incoming, randomUUID());
    const file = await open(path, 'wx', 0o640);
    try {
      const { sha256, byteLength } = await this.#copy(bytes, file);
      await file.close();
      const key = `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}.dcm`;
      return { path, sha256, byteLength, key };
    } catch (error) {
      await file.close().catch(() => {});
      await rm(path, { force: true });
      throw toGatewayError(error);
    }
  }

  async #copy(bytes: AsyncIterable<Uint8Array>, file: FileHandle): Promise<{ sha256: string; byteLength: number }> {
    const hash = createHash('sha256');
    const { maxFileBytes } = this.#options;
    const buffers = this.#buffers.take();
    let [filling, other] = buffers;
    let filled = 0;
    let byteLength = 0;
    // One buffer is being written while the other one is filled.
    let writing: Promise<void> = Promise.resolve();
    const flush = async () => {
      const full = filling.subarray(0, filled);
      hash.update(full);
      await writing;
      writing = writeAll(file, full);
      writing.catch(() => {}); // thrown where it is awaited
      [filling, other] = [other, filling];
      filled = 0;
    };
    try {
      for await (const chunk of bytes) {
        byteLength += chunk.byteLength;
        if (byteLength > maxFileBytes) {
          throw new GatewayError(
            'PAYLOAD_TOO_LARGE',
            `The film is larger than DICOM_MAX_FILE_BYTES (${maxFileBytes}).`,
          );
        }
        for (let rest = chunk; rest.byteLength > 0; ) {
          const part = rest.subarray(0, filling.byteLength - filled);
          filling.set(part, filled);
          filled += part.byteLength;
          rest = rest.subarray(part.byteLength);
          if (filled === filling.byteLength) await flush();
        }
      }
      await flush();
      await writing;
    } finally {
      // However the film ends, a write that is under way still reads from its buffer.
      await writing.catch(() => {});
      this.#buffers.give(buffers);
    }
    return { sha256: hash.digest('hex'), byteLength };
  }

  /** Syncs a staged film and gives it its final place; durable when this resolves. */
  async keep(staged: StagedBlob): Promise<void> {
    await this.sync(staged);
    await this.place(staged);
  }

  /** Syncs a staged film where it is; it can still be discarded. */
  async sync({ path }: StagedBlob): Promise<void> {
    await syncFile(path);
  }

  /** Gives a staged film that is synced its final place; durable when this resolves. */
  async place(staged: StagedBlob): Promise<void> {
    const target = this.path(staged.key);
    const folder = dirname(target);
    await mkdir(folder, { recursive: true });
    await rename(staged.path, target);
    await syncFolder(folder);
    await this.#syncParents(folder);
  }

  /** The folders above are made once and then stay: each is synced once a process. */
  async #syncParents(folder: string): Promise<void> {
    if (this.#syncedFolders.has(folder)) return;
    await syncFolder(dirname(folder));
    await syncFolder(this.#options.directory);
    this.#syncedFolders.add(folder);
  }

  /** Forgets a staged film that is not kept. */
  async discard(staged: StagedBlob): Promise<void> {
    await rm(staged.path, { force: true });
  }

  /** Whether a blob is there and as long as it was when it was stored. */
  async holds(key: string, byteLength: number | bigint): Promise<boolean> {
    const info = await stat(this.path(key)).catch(() => undefined);
    return info?.isFile() === true && BigInt(info.size) === BigInt(byteLength);
  }

  /** Absolute path of a blob. */
  path(key: string): string {
    return join(this.#options.directory, key);
  }

  async #refuseWhenFull(): Promise<void> {
    const now = Date.now();
    if (now - this.#freeSpace.at > FREE_SPACE_AGE_MS) {
      const { bavail, bsize } = await statfs(this.#options.directory);
      this.#freeSpace = { at: now, bytes: bavail * bsize };
    }
    if (this.#freeSpace.bytes < this.#options.minFreeDiskBytes) {
      throw new GatewayError(
        'STORAGE_FULL',
        `Less than MIN_FREE_DISK_BYTES (${this.#options.minFreeDiskBytes}) is free on the blob volume.`,
        { retryAfterSeconds: 60 },
      );
    }
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.byteLength > 0) {
    // A full disk or a signal may cut a write short: go on where it ended.
    const { bytesWritten } = await file.write(rest);
    rest = rest.subarray(bytesWritten);
  }
}

/** Makes the bytes durable; the length comes with them. */
async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Makes a rename within the folder durable. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
