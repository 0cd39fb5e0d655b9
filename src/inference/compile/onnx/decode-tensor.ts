/** Reads a TensorProto: whichever of its fields holds the values, they come out as plain little-endian elements. */
import { EXTERNAL, TENSOR } from './fields.ts';
import { ELEMENT_BYTES, type OnnxTensor, OnnxType } from './model.ts';
import { malformed, type WireReader } from './wire-reader.ts';

const KNOWN_TYPES = new Set<number>(Object.values(OnnxType));

/**
 * An element type that this project reads.
 *
 * @throws GatewayError MODEL_INVALID for strings, complex numbers and types of less than a byte
 */
export function elementType(value: number): OnnxType {
  if (!KNOWN_TYPES.has(value)) throw malformed(`it holds tensors of data type ${value}, which are not supported`);
  return value as OnnxType;
}

/** Fields that hold values, and how. */
interface Values {
  raw: Uint8Array | undefined;
  /** Pieces of float_data or double_data. */
  readonly fixed: Uint8Array[];
  /** Elements of int32_data, or of int64_data and uint64_data. */
  readonly integers: (number | bigint)[];
}

/**
 * One tensor.
 *
 * @throws GatewayError MODEL_INVALID when its values lie in another file or do not fit its size
 */
export function decodeTensor(reader: WireReader): OnnxTensor {
  let name = '';
  let type: OnnxType | undefined;
  const dims: number[] = [];
  const values: Values = { raw: undefined, fixed: [], integers: [] };
  let external = false;
  while (reader.next()) {
    if (reader.field === TENSOR.dims) for (const size of reader.integers()) dims.push(size);
    else if (reader.field === TENSOR.dataType) type = elementType(reader.integer());
    else if (reader.field === TENSOR.name) name = reader.text();
    else if (reader.field === TENSOR.rawData) values.raw = reader.bytes();
    else if (reader.field === TENSOR.floatData) values.fixed.push(reader.fixed(4));
    else if (reader.field === TENSOR.doubleData) values.fixed.push(reader.fixed(8));
    else if (reader.field === TENSOR.int32Data) for (const value of reader.integers()) values.integers.push(value);
    else if (reader.field === TENSOR.int64Data || reader.field === TENSOR.uint64Data) {
      for (const value of reader.integers64()) values.integers.push(value);
    } else if (reader.field === TENSOR.dataLocation) external ||= reader.integer() === EXTERNAL;
    else if (reader.field === TENSOR.externalData) external = true;
  }
  if (external) {
    throw malformed(`the values of tensor ${name} lie in another file (external data): save the model as one file`);
  }
  if (type === undefined) throw malformed(`tensor ${name} has no data type`);
  const data = values.raw ?? (values.fixed.length > 0 ? joined(values.fixed) : fromIntegers(type, values.integers));
  const bytes = byteLength(dims, type);
  if (bytes !== data.length) {
    throw malformed(`tensor ${name} of size [${dims.join(', ')}] has ${data.length} bytes of values`);
  }
  return { name, type, dims, data };
}

function byteLength(dims: readonly number[], type: OnnxType): number {
  if (!dims.every((size) => Number.isSafeInteger(size) && size >= 0)) return Number.NaN;
  return dims.reduce((product, size) => product * size, ELEMENT_BYTES[type]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}

/** Narrow types lie one a varint in int32_data, 16-bit floats as their bits (comment of TensorProto.int32_data). */
function fromIntegers(type: OnnxType, integers: readonly (number | bigint)[]): Uint8Array {
  const width = ELEMENT_BYTES[type];
  const data = new Uint8Array(width * integers.length);
  const view = new DataView(data.buffer);
  integers.forEach((integer, index) => {
    if (width === 8) view.setBigInt64(index * 8, BigInt.asIntN(64, BigInt(integer)), true);
    // The setters keep the low bits, so the sign needs no care.
    else if (width === 4) view.setInt32(index * 4, Number(integer), true);
    else if (width === 2) view.setInt16(index * 2, Number(integer), true);
    else view.setInt8(index, Number(integer));
  });
  return data;
}
