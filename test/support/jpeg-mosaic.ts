/**
 * JPEG extended sequential (ITU-T T.81 process 4) of pictures that are the same within each block of 8 x 8: such a block is
 * one coefficient, so the picture comes back exactly, which no other lossy film does. No encoder at hand writes 12 bits.
 */
import type { Grey } from './encoders.ts';

const BLOCK = 8;

/** The pixel that stands for the block of each pixel. */
export function mosaicOf(grey: Grey): Grey {
  const words = grey.words.map((_, index) => {
    const [row, column] = [Math.floor(index / grey.columns), index % grey.columns];
    return grey.words[(row - (row % BLOCK)) * grey.columns + column - (column % BLOCK)] as number;
  });
  return { ...grey, words };
}

/** Encodes the mosaic of a picture of 8 or 12 bits. */
export function encodeMosaic(grey: Grey): Uint8Array {
  const scan = new BitWriter();
  const centre = 2 ** (grey.precision - 1);
  let previous = 0;
  for (let row = 0; row < grey.rows; row += BLOCK) {
    for (let column = 0; column < grey.columns; column += BLOCK) {
      const value = (grey.words[row * grey.columns + column] as number) - centre;
      writeDifference(scan, value - previous);
      previous = value;
      // End of block: the one code of the table of AC coefficients.
      scan.write(0, 1);
    }
  }
  return Buffer.concat([headerOf(grey), scan.end(), Uint8Array.of(0xff, 0xd9)]);
}

/** Category in 4 bits, then the difference (T.81 section F.1.2.1). */
function writeDifference(scan: BitWriter, difference: number): void {
  const category = difference === 0 ? 0 : Math.floor(Math.log2(Math.abs(difference))) + 1;
  scan.write(category, 4);
  scan.write(difference < 0 ? difference + 2 ** category - 1 : difference, category);
}

function headerOf({ rows, columns, precision }: Grey): Uint8Array {
  const two = (value: number) => [value >> 8, value & 0xff];
  const codes = (lengths: Record<number, number>) => Array.from({ length: 16 }, (_, index) => lengths[index + 1] ?? 0);
  const segment = (marker: number, content: readonly number[]) => [
    0xff,
    marker,
    ...two(content.length + 2),
    ...content,
  ];
  return Uint8Array.from([
    ...[0xff, 0xd8],
    // A quantiser of 8 undoes the 8 of the transform of a flat block.
    ...segment(0xdb, [0, ...Array.from({ length: 64 }, () => 8)]),
    ...segment(0xc1, [precision, ...two(rows), ...two(columns), 1, 1, 0x11, 0]),
    // 15 categories of DC differences in 4 bits each; the code of all ones is not allowed.
    ...segment(0xc4, [0x00, ...codes({ 4: 15 }), ...Array.from({ length: 15 }, (_, index) => index)]),
    ...segment(0xc4, [0x10, ...codes({ 1: 1 }), 0]),
    ...segment(0xda, [1, 1, 0, 0, 63, 0]),
  ]);
}

/** Bits, most significant first; after FF a zero is stuffed (T.81 section B.1.1.5). */
class BitWriter {
  readonly #bytes: number[] = [];
  #bits = 0;
  #count = 0;

  write(value: number, length: number): void {
    for (let bit = length - 1; bit >= 0; bit -= 1) {
      this.#bits = (this.#bits << 1) | ((value >> bit) & 1);
      this.#count += 1;
      if (this.#count < 8) continue;
      this.#bytes.push(this.#bits);
      if (this.#bits === 0xff) this.#bytes.push(0);
      [this.#bits, this.#count] = [0, 0];
    }
  }

  end(): Uint8Array {
    while (this.#count > 0) this.write(1, 1);
    return Uint8Array.from(this.#bytes);
  }
}
