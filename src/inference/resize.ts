/**
 * A film brought to another size with the antialiased bilinear filter, byte for byte as Pillow's
 * `Image.resize(size, Image.BILINEAR)` does for mode L (libImaging/Resample.c), because models are trained with it.
 *
 * Each pass rounds to 8 bits: first along the rows, then along the columns. (So does Pillow up to 12. Pillow 13 turns the
 * order round for images that are much taller than wide, which changes some pixels by 1.) Weights are whole numbers of 22
 * fractional bits, so a sum is exact and the same on every machine. The lookup from stored words to grey is fused into the
 * first pass: no 8-bit copy of the whole film is ever made.
 */

/** The parts of a film that are resampled. */
export interface GrayscaleSource {
  readonly rows: number;
  readonly columns: number;
  /** Stored words, row-major. */
  readonly words: Uint8Array | Uint16Array;
  /** Stored word -> 8-bit grey. */
  readonly lookup: Uint8Array;
}

/** Fractional bits of a weight: 32 less 8 of the grey value and 2 of headroom (PRECISION_BITS in Resample.c). */
const FRACTION_BITS = 22;
const HALF = 1 << (FRACTION_BITS - 1);

// Elements are read as `array[index] as number`, not by a helper: one helper for four kinds of array made every load
// test which kind it has, and a film of 2048 x 2048 took 19.7 ms instead of 8.5.

/** Rows that one sweep of the first pass takes together. */
const BAND = 4;

/**
 * Resamples a film.
 *
 * @returns height x width grey values, row-major
 */
export function resizeGrayscale(source: GrayscaleSource, height: number, width: number): Uint8Array {
  const { rows, columns, lookup } = source;
  // Always 16-bit words, for the same reason.
  const words = source.words instanceof Uint16Array ? source.words : new Uint16Array(source.words);
  const firstPass = columns >= width && rows >= BAND ? narrowRows : resampleRows;
  return resampleColumns(firstPass(words, lookup, rows, columns, width), rows, width, height);
}

/** Weights of one axis: output i is the sum of `counts[i]` inputs from `starts[i]` on, weights at `i * stride`. */
interface AxisWeights {
  readonly stride: number;
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Int32Array;
}

/** precompute_coeffs and normalize_coeffs_8bpc of Resample.c for the triangle filter, operation by operation. */
function axisWeights(inputSize: number, outputSize: number): AxisWeights {
  const scale = inputSize / outputSize;
  const support = Math.max(scale, 1);
  const inverse = 1 / support;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(outputSize);
  const counts = new Int32Array(outputSize);
  const weights = new Int32Array(outputSize * stride);
  const exact = new Float64Array(stride);
  for (let output = 0; output < outputSize; output++) {
    const center = (output + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(inputSize, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      const weight = Math.max(0, 1 - Math.abs((tap + start - center + 0.5) * inverse));
      exact[tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < count; tap++) {
      weights[output * stride + tap] = Math.trunc(0.5 + ((exact[tap] as number) / sum) * (1 << FRACTION_BITS));
    }
    starts[output] = start;
    counts[output] = count;
  }
  return { stride, starts, counts, weights };
}

/**
 * The same weights seen from the input, for sizes that shrink: there every pixel counts for one output and at most the
 * next one.
 */
interface PixelWeights {
  /** Pixels before `ends[i]` (and not before `ends[i - 1]`) count for output i first. */
  readonly ends: Int32Array;
  /** Weight of each pixel for its first output. */
  readonly here: Int32Array;
  /** Weight of each pixel for the output after that. */
  readonly next: Int32Array;
}

function pixelWeights(inputSize: number, outputSize: number): PixelWeights {
  const { stride, starts, counts, weights } = axisWeights(inputSize, outputSize);
  const ends = new Int32Array(outputSize);
  const here = new Int32Array(inputSize);
  const next = new Int32Array(inputSize);
  let end = 0;
  for (let output = 0; output < outputSize; output++) {
    const start = starts[output] as number;
    const firstNew = end;
    end = start + (counts[output] as number);
    for (let pixel = start; pixel < end; pixel++) {
      const weight = weights[output * stride + pixel - start] as number;
      // A pixel on the very edge of an output's window has no weight there, but rounding may count it in.
      if (weight > 0) (pixel < firstNew ? next : here)[pixel] = weight;
    }
    ends[output] = end;
  }
  return { ends, here, next };
}

/**
 * First pass when the width shrinks, with the lookup fused: rows x width grey values.
 *
 * Four rows share each load of the weights, and every pixel is looked up once. Both passes of 2048 x 2048 words of 16
 * bits to 224 x 224 on one core of an AMD EPYC (Zen 4): 8.5 ms (to 128 x 128 7.5); a row at a time 11.4; from each
 * output's side with the lookup into a row buffer before it 16.8, or with four rows packed in one 32-bit word 10.4. The
 * lookup alone takes 3.4.
 */
function narrowRows(words: Uint16Array, lookup: Uint8Array, rows: number, columns: number, width: number): Uint8Array {
  const { ends, here, next } = pixelWeights(columns, width);
  const result = new Uint8Array(rows * width);
  for (let band = 0; band < rows; band += BAND) {
    // The last band reaches back over rows already done rather than beyond the film.
    sweepBand(words, lookup, Math.min(band, rows - BAND), columns, ends, here, next, result, width);
  }
  return result;
}

/** {@link narrowRows} for four rows from `row` on. Arguments rather than an object: it is the hottest loop here. */
function sweepBand(
  words: Uint16Array,
  lookup: Uint8Array,
  row: number,
  columns: number,
  ends: Int32Array,
  here: Int32Array,
  next: Int32Array,
  result: Uint8Array,
  width: number,
): void {
  const row0 = row * columns;
  const row1 = row0 + columns;
  const row2 = row1 + columns;
  const row3 = row2 + columns;
  const result0 = row * width;
  const result1 = result0 + width;
  const result2 = result1 + width;
  const result3 = result2 + width;
  // What the pixels so far have given to the output that comes next.
  let carry0 = HALF;
  let carry1 = HALF;
  let carry2 = HALF;
  let carry3 = HALF;
  let pixel = 0;
  for (let output = 0; output < width; output++) {
    let sum0 = carry0;
    let sum1 = carry1;
    let sum2 = carry2;
    let sum3 = carry3;
    carry0 = HALF;
    carry1 = HALF;
    carry2 = HALF;
    carry3 = HALF;
    const end = ends[output] as number;
    for (; pixel < end; pixel++) {
      const weight = here[pixel] as number;
      const weightNext = next[pixel] as number;
      const grey0 = lookup[words[row0 + pixel] as number] as number;
      const grey1 = lookup[words[row1 + pixel] as number] as number;
      const grey2 = lookup[words[row2 + pixel] as number] as number;
      const grey3 = lookup[words[row3 + pixel] as number] as number;
      sum0 = (sum0 + Math.imul(grey0, weight)) | 0;
      sum1 = (sum1 + Math.imul(grey1, weight)) | 0;
      sum2 = (sum2 + Math.imul(grey2, weight)) | 0;
      sum3 = (sum3 + Math.imul(grey3, weight)) | 0;
      carry0 = (carry0 + Math.imul(grey0, weightNext)) | 0;
      carry1 = (carry1 + Math.imul(grey1, weightNext)) | 0;
      carry2 = (carry2 + Math.imul(grey2, weightNext)) | 0;
      carry3 = (carry3 + Math.imul(grey3, weightNext)) | 0;
    }
    result[result0 + output] = sum0 >> FRACTION_BITS;
    result[result1 + output] = sum1 >> FRACTION_BITS;
    result[result2 + output] = sum2 >> FRACTION_BITS;
    result[result3 + output] = sum3 >> FRACTION_BITS;
  }
}

/** First pass for every other case: films narrower than the result, which are small. */
function resampleRows(
  words: Uint16Array,
  lookup: Uint8Array,
  rows: number,
  columns: number,
  width: number,
): Uint8Array {
  const { stride, starts, counts, weights } = axisWeights(columns, width);
  const result = new Uint8Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < width; output++) {
      const first = row * columns + (starts[output] as number);
      const count = counts[output] as number;
      let sum = HALF;
      for (let tap = 0; tap < count; tap++) {
        sum += (lookup[words[first + tap] as number] as number) * (weights[output * stride + tap] as number);
      }
      result[row * width + output] = sum >> FRACTION_BITS;
    }
  }
  return result;
}

/** Second pass: rows x width grey values become height x width. 1.1 ms for 2048 x 224 to 224 x 224. */
function resampleColumns(grey: Uint8Array, rows: number, width: number, height: number): Uint8Array {
  const { stride, starts, counts, weights } = axisWeights(rows, height);
  const result = new Uint8Array(height * width);
  const sums = new Int32Array(width);
  for (let output = 0; output < height; output++) {
    sums.fill(HALF);
    const count = counts[output] as number;
    for (let tap = 0; tap < count; tap++) {
      const weight = weights[output * stride + tap] as number;
      const first = ((starts[output] as number) + tap) * width;
      for (let column = 0; column < width; column++) {
        sums[column] = ((sums[column] as number) + Math.imul(grey[first + column] as number, weight)) | 0;
      }
    }
    for (let column = 0; column < width; column++)
      result[output * width + column] = (sums[column] as number) >> FRACTION_BITS;
  }
  return result;
}
