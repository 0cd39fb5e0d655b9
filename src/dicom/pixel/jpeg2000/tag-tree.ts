/** Tag trees (T.800 section B.10.2): numbers of a grid of code-blocks, coded by the minima of ever larger squares. */
import type { PacketBitReader, PacketBitWriter } from './packet-bits.ts';

/** More than any number in a tree. */
export const NEVER = 0x7fff_ffff;

/** The trees of one subband in a precinct. */
export interface BlockTrees {
  /** The layer that holds a code-block first. */
  readonly inclusion: TagTree;
  readonly zeroBitPlanes: TagTree;
}

/** One tree, being read or being written. */
export class TagTree {
  readonly #parents: Int32Array;
  /** Leaves first. While a tree is read, numbers are {@link NEVER} until they are known. */
  readonly #values: Int32Array;
  /** Lower bound that the bits so far have told. */
  readonly #bounds: Int32Array;
  readonly #isTold: Uint8Array;
  readonly #path: number[] = [];

  /** @param values - of the leaves of a tree to be written, row-major; none for a tree to be read */
  constructor(across: number, down: number, values?: ArrayLike<number>) {
    const sizes = sizesOf(across, down);
    const nodes = sizes.reduce((sum, size) => sum + size.across * size.down, 0);
    this.#parents = new Int32Array(nodes).fill(-1);
    this.#values = new Int32Array(nodes).fill(NEVER);
    this.#bounds = new Int32Array(nodes);
    this.#isTold = new Uint8Array(nodes);
    let first = 0;
    for (const [index, size] of sizes.entries()) {
      const above = sizes[index + 1];
      const next = first + size.across * size.down;
      if (above === undefined) break;
      for (let node = first; node < next; node += 1) {
        const column = (node - first) % size.across;
        const row = (node - first - column) / size.across;
        this.#parents[node] = next + (row >> 1) * above.across + (column >> 1);
      }
      first = next;
    }
    if (values !== undefined) this.#fill(values);
  }

  /** Reads on until it is known whether the number of a leaf is below a threshold. */
  read(bits: PacketBitReader, leaf: number, threshold: number): boolean {
    let bound = 0;
    for (const node of this.#fromRoot(leaf)) {
      bound = Math.max(bound, this.#bounds[node] as number);
      while (bound < threshold && bound < (this.#values[node] as number)) {
        if (bits.bit() === 1) this.#values[node] = bound;
        else bound += 1;
      }
      this.#bounds[node] = bound;
    }
    return (this.#values[leaf] as number) < threshold;
  }

  /** Writes what a reader needs to know whether the number of a leaf is below a threshold. */
  write(bits: PacketBitWriter, leaf: number, threshold: number): void {
    let bound = 0;
    for (const node of this.#fromRoot(leaf)) {
      const value = this.#values[node] as number;
      bound = Math.max(bound, this.#bounds[node] as number);
      for (; bound < threshold && bound < value; bound += 1) bits.put(0, 1);
      if (bound < threshold && this.#isTold[node] === 0) {
        bits.put(1, 1);
        this.#isTold[node] = 1;
      }
      this.#bounds[node] = bound;
    }
  }

  #fill(values: ArrayLike<number>): void {
    this.#values.set(values);
    for (let node = 0; node < this.#parents.length; node += 1) {
      const parent = this.#parents[node] as number;
      if (parent >= 0) this.#values[parent] = Math.min(this.#values[parent] as number, this.#values[node] as number);
    }
  }

  #fromRoot(leaf: number): number[] {
    this.#path.length = 0;
    for (let node = leaf; node >= 0; node = this.#parents[node] as number) this.#path.push(node);
    return this.#path.reverse();
  }
}

function sizesOf(across: number, down: number): { across: number; down: number }[] {
  const sizes = [{ across, down }];
  for (let size = { across, down }; size.across * size.down > 1; ) {
    size = { across: Math.ceil(size.across / 2), down: Math.ceil(size.down / 2) };
    sizes.push(size);
  }
  return sizes;
}
