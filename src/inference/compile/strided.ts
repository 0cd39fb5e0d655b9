/** Reads an array along strides. */

/** Which values of an array make a tensor. */
export interface StridedView {
  /** Number of values: the product of `dims`, which the caller has bounded. */
  readonly count: number;
  readonly dims: readonly number[];
  /** Places in the array between neighbours along each axis. */
  readonly strides: readonly number[];
  /** Place of the first value. */
  readonly offset: number;
}

/** The values of a view, row-major. */
export function gatherStrided(source: ArrayLike<number>, { count, dims, strides, offset }: StridedView): Float32Array {
  const values = new Float32Array(count);
  const position = dims.map(() => 0);
  let at = offset;
  for (let index = 0; index < count; index++) {
    values[index] = source[at] as number;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const next = (position[axis] as number) + 1;
      at += strides[axis] as number;
      if (next < (dims[axis] as number)) {
        position[axis] = next;
        break;
      }
      at -= next * (strides[axis] as number);
      position[axis] = 0;
    }
  }
  return values;
}
