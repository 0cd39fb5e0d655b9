/** float32 to half precision (IEEE 754 binary16), and bfloat16 to float32. */

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** bfloat16 numbers (the upper half of a float32) as float32, exactly. */
export function bfloatToFloat(bits: Uint16Array): Float32Array {
  const words = Uint32Array.from(bits, (word) => word << 16);
  return new Float32Array(words.buffer);
}

/**
 * float32 as half precision, rounded to nearest, ties to even.
 *
 * @returns bits; beyond 65504 infinity, as IEEE 754 says
 */
export function floatToHalf(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, halfBits);
}

function halfBits(value: number): number {
  scratch[0] = value;
  const word = scratchBits[0] as number;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 lies halfway to the number that would follow 65504.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Below 2 ** -14 halves are multiples of 2 ** -24. Adding 0.5 puts that multiple, rounded by the processor, into the
    // last bits of a float32.
    scratch[0] = Math.abs(value) + 0.5;
    return sign | ((scratchBits[0] as number) - 0x3f000000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}
