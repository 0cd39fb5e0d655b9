/** Writes pickles of protocol 2 as torch.save does, and torch's two file formats around them. */
import { crc32, deflateRawSync } from 'node:zlib';

/** A value of Python. */
export type Python =
  | null
  | boolean
  | number
  | string
  | Python[]
  | { readonly tuple: readonly Python[] }
  | { readonly dict: readonly (readonly [Python, Python])[] }
  | { readonly global: readonly [module: string, name: string] }
  | { readonly call: Python; readonly argumentList: readonly Python[]; readonly state?: Python }
  | { readonly persistent: Python };

/** A pickle of one value. */
export function pickle(value: Python): Buffer {
  return Buffer.concat([Buffer.from([0x80, 2]), body(value), Buffer.from('.')]);
}

function body(value: Python): Buffer {
  if (value === null) return Buffer.from('N');
  if (typeof value === 'boolean') return Buffer.from([value ? 0x88 : 0x89]);
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return Buffer.concat([Buffer.from(']('), ...value.map(body), Buffer.from('e')]);
  if ('tuple' in value) return Buffer.concat([Buffer.from('('), ...value.tuple.map(body), Buffer.from('t')]);
  if ('dict' in value) return Buffer.concat([Buffer.from('}('), ...value.dict.flat().map(body), Buffer.from('u')]);
  if ('global' in value) return Buffer.from(`c${value.global[0]}\n${value.global[1]}\n`);
  if ('persistent' in value) return Buffer.concat([body(value.persistent), Buffer.from('Q')]);
  const called = [body(value.call), body({ tuple: value.argumentList }), Buffer.from('R')];
  return Buffer.concat(value.state === undefined ? called : [...called, body(value.state), Buffer.from('b')]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
    bytes.write('J');
    bytes.writeInt32LE(value, 1);
    return bytes.subarray(0, 5);
  }
  bytes.write('G');
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function text(value: string): Buffer {
  const utf8 = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(utf8.length);
  return Buffer.concat([Buffer.from('X'), length, utf8]);
}

/** A tensor to be written. */
export interface WrittenTensor {
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
  /** Class of torch: FloatStorage, HalfStorage, LongStorage ... */
  readonly storage: string;
  readonly elementBytes: number;
  readonly strides?: readonly number[];
}

/** Tensors by name, with the bytes that their storages need. */
export interface Written {
  readonly value: Python;
  readonly storages: readonly { readonly key: string; readonly tensor: WrittenTensor }[];
}

/** An OrderedDict of tensors, as state_dict() gives it. */
export function stateDict(tensors: ReadonlyMap<string, WrittenTensor>, legacy: boolean): Written {
  const storages: { key: string; tensor: WrittenTensor }[] = [];
  const items = [...tensors].map(([name, tensor]): [Python, Python] => {
    const key = `${storages.length}`;
    storages.push({ key, tensor });
    return [name, rebuilt(tensor, key, legacy)];
  });
  const ordered: Python = {
    call: { global: ['collections', 'OrderedDict'] },
    argumentList: [items.map(([name, tensor]): Python => [name, tensor])],
  };
  return { value: ordered, storages };
}

function rebuilt(tensor: WrittenTensor, key: string, legacy: boolean): Python {
  const { dims, storage, bytes, elementBytes } = tensor;
  const strides =
    tensor.strides ?? dims.map((_, axis) => dims.slice(axis + 1).reduce((product, size) => product * size, 1));
  const id: Python[] = ['storage', { global: ['torch', storage] }, key, 'cpu', bytes.length / elementBytes];
  const place: Python[] = [
    { persistent: { tuple: legacy ? [...id, null] : id } },
    0,
    { tuple: dims },
    { tuple: strides },
  ];
  // Before 0.4 tensors had no requires_grad and no hooks.
  if (legacy) return { call: { global: ['torch._utils', '_rebuild_tensor'] }, argumentList: place };
  const hooks: Python = { call: { global: ['collections', 'OrderedDict'] }, argumentList: [] };
  return { call: { global: ['torch._utils', '_rebuild_tensor_v2'] }, argumentList: [...place, false, hooks] };
}

/** torch.save before 1.6. */
export function torchLegacyFile({ value, storages }: Written): Buffer {
  const magic = Buffer.from([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]);
  const system: Python = {
    dict: [
      ['protocol_version', 1001],
      ['little_endian', true],
      ['type_sizes', { dict: [['short', 2]] }],
    ],
  };
  const data = storages.flatMap(({ tensor }) => {
    const count = Buffer.alloc(8);
    count.writeBigInt64LE(BigInt(tensor.bytes.length / tensor.elementBytes));
    return [count, tensor.bytes];
  });
  return Buffer.concat([
    magic,
    pickle(1001),
    pickle(system),
    pickle(value),
    pickle(storages.map(({ key }) => key)),
    ...data,
  ]);
}

/** torch.save since 1.6. */
export function torchZipFile(
  { value, storages }: Written,
  options: { deflate?: boolean; extra?: string[] } = {},
): Buffer {
  const entries: [string, Uint8Array][] = [
    ['archive/data.pkl', pickle(value)],
    ['archive/byteorder', Buffer.from('little')],
    ...storages.map(({ key, tensor }): [string, Uint8Array] => [`archive/data/${key}`, tensor.bytes]),
    ['archive/version', Buffer.from('3\n')],
    ...(options.extra ?? []).map((name): [string, Uint8Array] => [name, Buffer.from('x')]),
  ];
  return zipFile(entries, options.deflate ?? false);
}

/** A zip of these entries. */
export function zipFile(entries: readonly (readonly [string, Uint8Array])[], deflate = false): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of entries) {
    const packed = deflate ? deflateRawSync(content) : Buffer.from(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
