/** From what a torch pickle held to named tensors. */
import { gatherStrided } from '../strided.ts';
import { decodeElements, ELEMENT_BYTES } from './element-types.ts';
import type { PickleValue } from './pickle-values.ts';
import { elementCount, invalid, MAXIMUM_ELEMENTS, type StateDict, type StateTensor } from './state-dict.ts';
import { TorchObject, TorchTensor } from './torch-objects.ts';

/** The bytes of a storage by its key; throws when there are none. */
export type StorageBytes = (key: string) => Uint8Array;

/** Under which names training scripts keep the weights. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model_state', 'model', 'net', 'network', 'weights'];

const MAXIMUM_DEPTH = 32;

/**
 * The tensors of a checkpoint: of a dictionary of tensors, of a module, or of either within a training script's wrapper.
 *
 * @throws GatewayError MODEL_INVALID when there are none or a tensor does not lie within its storage
 */
export function torchState(root: PickleValue, storageBytes: StorageBytes): StateDict {
  const tensors = new Map<string, TorchTensor>();
  collect(unwrap(root), '', tensors, 0);
  if (tensors.size === 0) throw invalid('it holds no tensors by name');
  const decoded = new Map<string, Float32Array>();
  const state = new Map<string, StateTensor>();
  let total = 0;
  for (const [name, tensor] of tensors) {
    total += elementCount(tensor.dims, `tensor ${name}`);
    if (total > MAXIMUM_ELEMENTS) throw invalid(`its tensors have more than ${MAXIMUM_ELEMENTS} numbers`);
    const { key, type } = tensor.storage;
    const id = `${type} ${key}`;
    const numbers = decoded.get(id) ?? storageValues(tensor, storageBytes(key));
    decoded.set(id, numbers);
    state.set(name, { dims: tensor.dims, values: strided(name, tensor, numbers) });
  }
  return state;
}

function unwrap(root: PickleValue): PickleValue {
  if (!(root instanceof Map)) return root;
  if ([...root.values()].some((value) => value instanceof TorchTensor)) return root;
  for (const name of WRAPPERS) {
    const inner = root.get(name);
    if (inner instanceof Map || inner instanceof TorchObject) return unwrap(inner);
  }
  return root;
}

/** A dictionary's tensors, or a module's parameters and buffers and those of its parts, under torch's names. */
function collect(value: PickleValue, prefix: string, tensors: Map<string, TorchTensor>, depth: number): void {
  if (depth > MAXIMUM_DEPTH) throw invalid('its modules are nested too deeply');
  if (value instanceof TorchObject) {
    for (const part of ['_parameters', '_buffers', '_modules']) {
      collect(value.attributes.get(part) ?? null, prefix, tensors, depth + 1);
    }
    return;
  }
  if (!(value instanceof Map)) return;
  for (const [key, item] of value) {
    if (typeof key !== 'string') continue;
    if (item instanceof TorchObject) collect(item, `${prefix}${key}.`, tensors, depth + 1);
    else if (item instanceof TorchTensor) {
      if (tensors.has(prefix + key)) throw invalid(`it names tensor ${prefix}${key} twice`);
      tensors.set(prefix + key, item);
    }
  }
}

function storageValues({ storage }: TorchTensor, bytes: Uint8Array): Float32Array {
  const size = storage.elements * ELEMENT_BYTES[storage.type];
  if (bytes.length < size) throw invalid(`storage ${storage.key} has ${bytes.length} bytes in place of ${size}`);
  return decodeElements(storage.type, bytes.subarray(0, size));
}

/** The tensor's numbers, row-major. */
function strided(name: string, { offset, dims, strides }: TorchTensor, numbers: Float32Array): Float32Array {
  const count = elementCount(dims, `tensor ${name}`);
  if (count === 0) return new Float32Array(0);
  const last = dims.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] as number), offset);
  // A view that repeats its storage could be far larger than the file; no trained weight is one.
  if (last >= numbers.length || count > numbers.length) throw invalid(`tensor ${name} exceeds its storage`);
  if (isContiguous(dims, strides)) return numbers.slice(offset, offset + count);
  return gatherStrided(numbers, { count, dims, strides, offset });
}

function isContiguous(dims: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const size = dims[axis] as number;
    if (size !== 1 && strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}
