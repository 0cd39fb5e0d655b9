/** The bytes of one frame, which may lie in several fragments, as if they lay in one piece. */
import type { GatewayError } from '../../errors.ts';
import { ByteWindow } from '../byte-window.ts';
import { corrupt } from './corrupt.ts';

/** A run of bytes of a data set. */
export interface Run {
  readonly offset: number;
  readonly length: number;
}

/** One frame of encapsulated Pixel Data. A read past its end throws PIXEL_DATA_CORRUPT. */
export class FrameWindow extends ByteWindow {
  readonly #source: ByteWindow;
  readonly #runs: readonly Run[];
  /** Position within the frame at which each run begins. */
  readonly #starts: readonly number[];

  /** @param runs - lie within `source` */
  constructor(source: ByteWindow, runs: readonly Run[]) {
    let size = 0;
    const starts = runs.map(({ length }) => {
      size += length;
      return size - length;
    });
    super(size);
    this.#source = source;
    this.#runs = runs;
    this.#starts = starts;
  }

  override readInto(target: Uint8Array, position: number): void {
    if (position + target.length > this.size) throw this.ended(position + target.length);
    let filled = 0;
    for (let index = this.#runAt(position); filled < target.length; index += 1) {
      const run = this.#runs[index];
      const start = this.#starts[index];
      if (run === undefined || start === undefined) throw this.ended(position + target.length);
      const skipped = position + filled - start;
      const length = Math.min(run.length - skipped, target.length - filled);
      this.#source.readInto(target.subarray(filled, filled + length), run.offset + skipped);
      filled += length;
    }
  }

  protected override ended(needed: number): GatewayError {
    return corrupt(`The compressed frame ends at byte ${this.size}, but its structure reaches byte ${needed}.`);
  }

  /** Index of the last run that begins at or before a position. */
  #runAt(position: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
