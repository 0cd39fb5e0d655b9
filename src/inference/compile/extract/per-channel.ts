/** Constants of elementwise operations as one number a channel. */
import { type Constant, floats } from './constant.ts';

/**
 * A constant that is broadcast against a feature map.
 *
 * @param axes - of the feature map, see values.ts
 * @returns one number a channel; null when it varies along another axis
 */
export function perChannel(constant: Constant, axes: string, channels: number): Float32Array | null {
  const values = floats(constant);
  if (values.length === 1 && channels > 0) return new Float32Array(channels).fill(values[0] as number);
  if (values.length !== channels || constant.dims.length > axes.length) return null;
  const axis = constant.dims.findIndex((size) => size !== 1);
  // From the right, as broadcasting aligns shapes.
  return axes.at(axis - constant.dims.length) === 'C' ? values : null;
}
