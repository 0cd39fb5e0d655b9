/**
 * torch.save before PyTorch 1.6, the form of the public CheXNet files of 2017: pickles of a magic number, a protocol version,
 * the writing machine, the object and the storages' keys, one behind the other; then each storage as its number of elements
 * (int64) and its bytes.
 */
import { ELEMENT_BYTES, type ElementType } from './element-types.ts';
import { unpickle } from './pickle.ts';
import type { PickleValue } from './pickle-values.ts';
import { invalid, type StateDict } from './state-dict.ts';
import { TorchStorage, torchHost } from './torch-objects.ts';
import { torchState } from './torch-state.ts';

/** 0x1950a86a20f9469cfc6c as LONG1 of pickle protocol 2. */
const MAGIC = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
const PROTOCOL_VERSION = 1001;
const COUNT_BYTES = 8;

/** Whether bytes begin like a legacy checkpoint. */
export function isTorchLegacy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/**
 * Reads the tensors of a checkpoint.
 *
 * @throws GatewayError MODEL_INVALID when the file is truncated or damaged, or its pickle holds anything but data
 */
export function readTorchLegacy(bytes: Uint8Array): StateDict {
  let offset = MAGIC.length;
  const types = new Map<string, ElementType>();
  const next = (): PickleValue => {
    const { value, end } = unpickle(bytes, noteStorages(types), offset);
    offset = end;
    return value;
  };
  const version = next();
  if (version !== PROTOCOL_VERSION) throw invalid('its legacy format is not of version 1001');
  const system = next();
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    throw invalid('its numbers are not little endian');
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) throw invalid('it has no list of storages');
  const storages = readStorages(bytes, offset, keys, types);
  return torchState(root, (key) => {
    const storage = storages.get(key);
    if (storage === undefined) throw invalid(`it has no storage ${key}`);
    return storage;
  });
}

/** The names of {@link torchHost}, noting the number format of every storage: it says how long the storage is. */
function noteStorages(types: Map<string, ElementType>): typeof torchHost {
  return {
    ...torchHost,
    persistent(id) {
      const value = torchHost.persistent(id);
      if (value instanceof TorchStorage) {
        if ((types.get(value.key) ?? value.type) !== value.type) throw invalid(`storage ${value.key} has two formats`);
        types.set(value.key, value.type);
      }
      return value;
    },
  };
}

function readStorages(
  bytes: Uint8Array,
  start: number,
  keys: readonly PickleValue[],
  types: ReadonlyMap<string, ElementType>,
): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storages = new Map<string, Uint8Array>();
  let offset = start;
  for (const key of keys) {
    const type = typeof key === 'string' || typeof key === 'number' ? types.get(`${key}`) : undefined;
    if (type === undefined) throw invalid('it lists a storage that no tensor uses');
    if (offset + COUNT_BYTES > bytes.length) throw invalid(`it ends before storage ${key}`);
    const length = Number(view.getBigInt64(offset, true)) * ELEMENT_BYTES[type];
    offset += COUNT_BYTES;
    if (length < 0 || offset + length > bytes.length) throw invalid(`it ends within storage ${key}`);
    storages.set(`${key}`, bytes.subarray(offset, offset + length));
    offset += length;
  }
  return storages;
}
