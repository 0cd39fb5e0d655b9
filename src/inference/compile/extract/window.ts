/** The window of a convolution or pooling as DenseNet has them: square, and the same on every side. */
import type { OnnxNode } from '../onnx/model.ts';
import { integerAttribute, integersAttribute, textAttribute } from './attributes.ts';
import type { Window } from './expression.ts';

/**
 * Stride and padding of a node.
 *
 * @returns a reason (a predicate) where the window is none that DenseNet has
 */
export function windowOf(node: OnnxNode, kernel: number): Window | string {
  const strides = integersAttribute(node, 'strides') ?? [1, 1];
  const [stride = 1] = strides;
  if (strides.length !== 2 || strides.some((step) => step !== stride)) return `has the strides ${strides.join(', ')}`;
  if ((integersAttribute(node, 'dilations') ?? []).some((step) => step !== 1)) return 'is dilated';
  if (integerAttribute(node, 'ceil_mode', 0) !== 0) return 'rounds its size up (ceil_mode)';
  const automatic = textAttribute(node, 'auto_pad', 'NOTSET');
  if (automatic === 'VALID') return { stride, padding: 0 };
  if (automatic.startsWith('SAME')) {
    if (stride === 1 && kernel % 2 === 1) return { stride, padding: (kernel - 1) / 2 };
    return `pads by ${automatic} at stride ${stride}, which depends on the size of the image`;
  }
  const pads = integersAttribute(node, 'pads') ?? [0, 0, 0, 0];
  const [padding = 0] = pads;
  if (pads.length !== 4 || pads.some((side) => side !== padding)) return `pads by ${pads.join(', ')}`;
  return { stride, padding };
}

/** Side of the square kernel of a pooling; null when it is not square. */
export function kernelOf(node: OnnxNode): number | null {
  const [rows, columns, ...more] = integersAttribute(node, 'kernel_shape') ?? [];
  return rows !== undefined && rows === columns && more.length === 0 ? rows : null;
}
