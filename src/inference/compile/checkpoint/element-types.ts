/** The number formats of checkpoints, little endian. */
import { endianness } from 'node:os';
import { halfToFloat } from '../onnx/tensor.ts';
import { bfloatToFloat } from './half.ts';
import { invalid } from './state-dict.ts';

/** Number format of a stored tensor. */
export type ElementType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** Bytes of one number. */
export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/**
 * Stored numbers as float32. Whole numbers of 64 bits and doubles are rounded.
 *
 * @param bytes - a multiple of the format's size; copied
 * @throws GatewayError MODEL_INVALID on a big endian machine, where the bytes would have to be swapped
 */
export function decodeElements(type: ElementType, bytes: Uint8Array): Float32Array {
  if (endianness() !== 'LE') throw invalid('this machine is big endian');
  // A copy is aligned. (Not slice(): that of a Buffer shares its memory.)
  const { buffer } = new Uint8Array(bytes);
  switch (type) {
    case 'F64':
      return Float32Array.from(new Float64Array(buffer));
    case 'F32':
      return new Float32Array(buffer);
    case 'F16':
      return Float32Array.from(new Uint16Array(buffer), halfToFloat);
    case 'BF16':
      return bfloatToFloat(new Uint16Array(buffer));
    case 'I64':
      return Float32Array.from(new BigInt64Array(buffer), Number);
    case 'I32':
      return Float32Array.from(new Int32Array(buffer));
    case 'I16':
      return Float32Array.from(new Int16Array(buffer));
    case 'I8':
      return Float32Array.from(new Int8Array(buffer));
    case 'U8':
    case 'BOOL':
      return Float32Array.from(new Uint8Array(buffer));
  }
}
