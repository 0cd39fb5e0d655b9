/** Mutations of bytes that know nothing of what the bytes mean. */
import type { Random } from './random.ts';

/** Values at which lengths and counts overflow, wrap or mean something special. */
const EDGES = [0, 1, 2, 3, 4, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff] as const;
const WIDE_EDGES = [...EDGES, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff] as const;

/** Longest run of bytes that is inserted, doubled or removed. */
const LONGEST_RUN = 512;

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const truncate: Mutation = (bytes, random) => bytes.subarray(0, random.below(bytes.length));

const flipBits: Mutation = (bytes, random) => {
  const changed = bytes.slice();
  for (let flips = 1 + random.below(8); flips > 0; flips -= 1) {
    const at = random.below(changed.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
  }
  return changed;
};

const setBytes: Mutation = (bytes, random) => {
  const changed = bytes.slice();
  for (let count = 1 + random.below(4); count > 0; count -= 1)
    changed[random.below(changed.length)] = random.below(256);
  return changed;
};

/** Puts an edge value where a length may be, at any alignment and in both byte orders. */
const setEdge: Mutation = (bytes, random) => {
  const width = random.pick([2, 4]);
  if (bytes.length < width) return bytes;
  const changed = bytes.slice();
  const view = new DataView(changed.buffer, changed.byteOffset, changed.byteLength);
  const at = random.below(changed.length - width + 1);
  const littleEndian = random.chance(0.7);
  if (width === 2) view.setUint16(at, random.pick(EDGES), littleEndian);
  else view.setUint32(at, random.pick(WIDE_EDGES), littleEndian);
  return changed;
};

const remove: Mutation = (bytes, random) => {
  const at = random.below(bytes.length);
  return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(LONGEST_RUN)));
};

const double: Mutation = (bytes, random) => {
  const at = random.below(bytes.length);
  const run = bytes.subarray(at, at + 1 + random.below(LONGEST_RUN));
  return joined(bytes.subarray(0, at), run, bytes.subarray(at));
};

const insert: Mutation = (bytes, random) => {
  const at = random.below(bytes.length + 1);
  return joined(bytes.subarray(0, at), random.bytes(1 + random.below(64)), bytes.subarray(at));
};

const MUTATIONS: readonly Mutation[] = [
  truncate,
  flipBits,
  flipBits,
  setBytes,
  setEdge,
  setEdge,
  remove,
  double,
  insert,
];

/** One to four mutations after another. The bytes given are not changed. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let changed = bytes;
  for (let count = 1 + random.below(4); count > 0; count -= 1) changed = random.pick(MUTATIONS)(changed, random);
  return changed;
}

/** The beginning of one and the end of another. */
export function splice(first: Uint8Array, second: Uint8Array, random: Random): Uint8Array {
  return joined(first.subarray(0, random.below(first.length)), second.subarray(random.below(second.length)));
}

/** The parts one after another. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
