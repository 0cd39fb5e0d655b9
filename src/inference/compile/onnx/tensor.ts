/** Typed values of a tensor, and tensors of typed values. */
import { type OnnxTensor, OnnxType } from './model.ts';
import { malformed } from './wire-reader.ts';

/** A float32 constant. */
export function floatTensor(name: string, dims: readonly number[], values: Float32Array): OnnxTensor {
  return { name, type: OnnxType.FLOAT, dims, data: littleEndian(values) };
}

/** A uint8 constant. */
export function uint8Tensor(name: string, dims: readonly number[], values: Uint8Array): OnnxTensor {
  return { name, type: OnnxType.UINT8, dims, data: values };
}

/** An int8 constant. */
export function int8Tensor(name: string, dims: readonly number[], values: Int8Array): OnnxTensor {
  return { name, type: OnnxType.INT8, dims, data: littleEndian(values) };
}

/** An int32 constant. */
export function int32Tensor(name: string, dims: readonly number[], values: Int32Array): OnnxTensor {
  return { name, type: OnnxType.INT32, dims, data: littleEndian(values) };
}

/** A list of int64: the form of shapes and axes. */
export function int64Tensor(name: string, values: readonly number[]): OnnxTensor {
  return { name, type: OnnxType.INT64, dims: [values.length], data: littleEndian(BigInt64Array.from(values, BigInt)) };
}

/** Every processor that ONNX Runtime and Node run on is little-endian, so memory is the file's order. */
function littleEndian(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/**
 * The values of a FLOAT, DOUBLE, FLOAT16 or BFLOAT16 tensor as float32.
 *
 * @throws GatewayError MODEL_INVALID for other types
 */
export function floatValues(tensor: OnnxTensor): Float32Array {
  const aligned = alignedCopy(tensor);
  switch (tensor.type) {
    case OnnxType.FLOAT:
      return new Float32Array(aligned);
    case OnnxType.DOUBLE:
      return Float32Array.from(new Float64Array(aligned));
    case OnnxType.FLOAT16:
      return Float32Array.from(new Uint16Array(aligned), halfToFloat);
    case OnnxType.BFLOAT16:
      return new Float32Array(Uint32Array.from(new Uint16Array(aligned), (bits) => (bits << 16) >>> 0).buffer);
    default:
      throw malformed(`tensor ${tensor.name} holds no floating-point numbers`);
  }
}

/**
 * The values of an integer or BOOL tensor.
 *
 * @throws GatewayError MODEL_INVALID for other types
 */
export function integerValues(tensor: OnnxTensor): number[] {
  const aligned = alignedCopy(tensor);
  switch (tensor.type) {
    case OnnxType.BOOL:
    case OnnxType.UINT8:
      return Array.from(new Uint8Array(aligned));
    case OnnxType.INT8:
      return Array.from(new Int8Array(aligned));
    case OnnxType.UINT16:
      return Array.from(new Uint16Array(aligned));
    case OnnxType.INT16:
      return Array.from(new Int16Array(aligned));
    case OnnxType.INT32:
      return Array.from(new Int32Array(aligned));
    case OnnxType.UINT32:
      return Array.from(new Uint32Array(aligned));
    case OnnxType.INT64:
      return Array.from(new BigInt64Array(aligned), Number);
    case OnnxType.UINT64:
      return Array.from(new BigUint64Array(aligned), Number);
    default:
      throw malformed(`tensor ${tensor.name} holds no integers`);
  }
}

/** The values at the start of a buffer of their own; a view of a file need not be aligned. */
function alignedCopy(tensor: OnnxTensor): ArrayBuffer {
  return new Uint8Array(tensor.data).buffer;
}

/** IEEE 754 binary16 from its bits; exact. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
