/** The weights of a net by name, however they were stored. */
import { GatewayError } from '../../../errors.ts';

/** One tensor, row-major. */
export interface StateTensor {
  readonly dims: readonly number[];
  /** As many as the product of `dims`. */
  readonly values: Float32Array;
}

/** Tensors by name, in the order of the file. */
export type StateDict = ReadonlyMap<string, StateTensor>;

/** Most numbers that one checkpoint may hold: DenseNet-121 has 8 million, with an optimiser's state 24 million. */
export const MAXIMUM_ELEMENTS = 2 ** 28;

/**
 * How many numbers a tensor of this shape has.
 *
 * @throws GatewayError MODEL_INVALID when a dimension is no whole number >= 0 or the product exceeds {@link MAXIMUM_ELEMENTS}
 */
export function elementCount(dims: readonly number[], what: string): number {
  let count = 1;
  for (const size of dims) {
    if (!Number.isSafeInteger(size) || size < 0) throw invalid(`${what} has the dimension ${size}`);
    count *= size;
    if (count > MAXIMUM_ELEMENTS) throw invalid(`${what} has more than ${MAXIMUM_ELEMENTS} numbers`);
  }
  return count;
}

/** The error of a checkpoint that cannot be read; `problem` is a sentence without its full stop. */
export function invalid(problem: string, cause?: unknown): GatewayError {
  return new GatewayError('MODEL_INVALID', `The checkpoint cannot be read: ${problem}.`, {}, { cause });
}
