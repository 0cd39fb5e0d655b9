/** What the names in torch's checkpoints stand for: tensors, storages, modules. All of it is data; nothing is called. */

import type { ElementType } from './element-types.ts';
import { type PickleHost } from './pickle.ts';
import { HostObject, PickleGlobal, PickleTuple, type PickleValue } from './pickle-values.ts';
import { elementCount, invalid } from './state-dict.ts';

/** Bytes outside the pickle, or a window of them. */
export class TorchStorage extends HostObject {
  readonly key: string;
  readonly type: ElementType;
  /** Numbers in the whole storage that `key` names. */
  readonly elements: number;
  /** First number of this window. */
  readonly offset: number;

  constructor(key: string, type: ElementType, elements: number, offset: number) {
    super();
    this.key = key;
    this.type = type;
    this.elements = elements;
    this.offset = offset;
  }

  override setState(): void {
    throw invalid('its pickle gives attributes to a storage');
  }
}

/** A tensor as a view of a storage; offset and strides in numbers, from the storage's begin. */
export class TorchTensor extends HostObject {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly dims: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: TorchStorage, offset: number, dims: readonly number[], strides: readonly number[]) {
    super();
    this.storage = storage;
    this.offset = offset;
    this.dims = dims;
    this.strides = strides;
  }

  /** Attributes of a tensor, as hooks; none is needed. */
  override setState(): void {}
}

/** An object whose class is known to hold tensors (a module), or whose content nobody needs (a NumPy number). */
export class TorchObject extends HostObject {
  readonly className: string;
  readonly attributes = new Map<PickleValue, PickleValue>();

  constructor(className: string) {
    super();
    this.className = className;
  }

  override setState(state: PickleValue): void {
    if (state instanceof Map) for (const [name, value] of state) this.attributes.set(name, value);
  }
}

const STORAGES: Readonly<Record<string, ElementType>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

const ORDERED_DICT = 'collections.OrderedDict';
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter';
const REBUILD_TENSOR = new Set(['torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_tensor']);
const SETS = new Set(['builtins.set', '__builtin__.set']);

/** Values beside the weights (an epoch, a best score, a device) that are read and dropped. */
const DROPPED = new Set([
  'torch.device',
  'torch.Size',
  'numpy.dtype',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray.scalar',
  '_codecs.encode',
]);

/** Classes of DenseNet in checkpoints that hold a whole module instead of its weights (torchxrayvision's do). */
const MODULES = /^(torch\.nn\.modules|torchvision\.models\.densenet|torchxrayvision\.models)\./;

/** Reads the names of torch's checkpoints. */
export const torchHost: PickleHost = {
  admit(global) {
    const name = `${global}`;
    const known =
      name === ORDERED_DICT ||
      name === REBUILD_PARAMETER ||
      REBUILD_TENSOR.has(name) ||
      SETS.has(name) ||
      DROPPED.has(name) ||
      storageType(global) !== null ||
      MODULES.test(name) ||
      /^torch\.(float|int|uint|bfloat|bool)\d*$/.test(name);
    if (known) return;
    throw invalid(
      `its pickle names ${JSON.stringify(name)}, which is no tensor. Pickles can carry programs; this one was not run. ` +
        'Save the weights alone (state_dict) as safetensors',
    );
  },

  construct(global, argumentList) {
    const name = `${global}`;
    if (name === ORDERED_DICT) return orderedDict(argumentList);
    if (REBUILD_TENSOR.has(name)) return rebuildTensor(argumentList);
    if (name === REBUILD_PARAMETER) return rebuildParameter(argumentList);
    if (SETS.has(name)) return [];
    if (DROPPED.has(name) || MODULES.test(name)) return new TorchObject(name);
    throw invalid(`its pickle calls ${name}`);
  },

  persistent(id) {
    if (!(id instanceof PickleTuple)) throw invalid('its pickle refers to something outside that is no storage');
    const [kind, type, key, , elements, view] = id.items;
    // The legacy format keeps a module's class together with its source text, which is not looked at.
    if (kind === 'module' && type instanceof PickleGlobal) return type;
    const element = type instanceof PickleGlobal ? storageType(type) : null;
    if (kind !== 'storage' || element === null || (typeof key !== 'string' && typeof key !== 'number')) {
      throw invalid('its pickle refers to something outside that is no storage');
    }
    const count = wholeNumber(elements, 'size of a storage');
    elementCount([count], 'a storage');
    return new TorchStorage(`${key}`, element, count, viewOffset(view));
  },
};

function storageType({ module, name }: PickleGlobal): ElementType | null {
  if (module !== 'torch' && module !== 'torch.cuda') return null;
  return Object.hasOwn(STORAGES, name) ? (STORAGES[name] ?? null) : null;
}

/** The legacy format's window: (key, offset, size) or None. */
function viewOffset(view: PickleValue | undefined): number {
  if (view === undefined || view === null) return 0;
  if (!(view instanceof PickleTuple)) throw invalid('a view of a storage is malformed');
  return wholeNumber(view.items[1], 'offset of a view');
}

/** OrderedDict() or, from Python 2, OrderedDict([[key, value], ...]). */
function orderedDict([pairs]: readonly PickleValue[]): PickleValue {
  if (pairs === undefined) return new Map();
  if (!Array.isArray(pairs)) throw invalid('an OrderedDict is malformed');
  return new Map(
    pairs.map((pair) => {
      const items = pair instanceof PickleTuple ? pair.items : pair;
      if (!Array.isArray(items) || items.length !== 2) throw invalid('an OrderedDict is malformed');
      return [items[0] as PickleValue, items[1] as PickleValue];
    }),
  );
}

function rebuildTensor([storage, offset, size, stride]: readonly PickleValue[]): TorchTensor {
  if (!(storage instanceof TorchStorage)) throw invalid('a tensor has no storage');
  const dims = wholeNumbers(size, 'size of a tensor');
  const strides = wholeNumbers(stride, 'stride of a tensor');
  if (dims.length !== strides.length || dims.length > 8)
    throw invalid('a tensor has not as many strides as dimensions');
  return new TorchTensor(storage, storage.offset + wholeNumber(offset, 'offset of a tensor'), dims, strides);
}

function rebuildParameter([tensor]: readonly PickleValue[]): TorchTensor {
  if (!(tensor instanceof TorchTensor)) throw invalid('a parameter has no tensor');
  return tensor;
}

function wholeNumbers(value: PickleValue | undefined, what: string): number[] {
  if (!(value instanceof PickleTuple)) throw invalid(`the ${what} is malformed`);
  return value.items.map((item) => wholeNumber(item, what));
}

function wholeNumber(value: PickleValue | undefined, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid(`the ${what} is malformed`);
  return value;
}
