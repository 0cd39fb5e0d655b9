/** Pad nodes, which Keras exporters write before strided convolutions and poolings. */
import type { OnnxNode } from '../onnx/model.ts';
import { floatAttribute, integersAttribute, textAttribute } from './attributes.ts';
import type { Origin } from './expression.ts';
import { type Features, featuresOf, foreign, type Value } from './values.ts';

/** The same padding of rows and columns on every side with a constant. */
export function pad(
  node: OnnxNode,
  { expression, axes }: Features,
  [padsInput, fillInput, axesInput]: readonly (Value | undefined)[],
  origin: Origin,
): Features {
  const pads = padsInput?.kind === 'constant' ? [...padsInput.constant.values] : integersAttribute(node, 'pads');
  const fill = fillInput?.kind === 'constant' ? (fillInput.constant.values[0] ?? 0) : floatAttribute(node, 'value', 0);
  if (pads === null || textAttribute(node, 'mode', 'constant') !== 'constant') {
    return foreign('pads with something else than a constant', origin);
  }
  const padded = axesInput?.kind === 'constant' ? [...axesInput.constant.values] : [...axes].map((_, axis) => axis);
  const sides = new Map([...axes].map((letter) => [letter, [0, 0]]));
  padded.forEach((axis, index) => {
    const letter = axes[(axis + axes.length) % axes.length] ?? '';
    sides.set(letter, [pads[index] ?? 0, pads[index + padded.length] ?? 0]);
  });
  const [padding = 0, ...others] = [...(sides.get('H') ?? []), ...(sides.get('W') ?? [])];
  const elsewhere = [...(sides.get('N') ?? []), ...(sides.get('C') ?? [])];
  if (others.some((side) => side !== padding) || elsewhere.some((side) => side !== 0) || padding < 0) {
    return foreign(`pads by ${pads.join(', ')}`, origin);
  }
  if (padding === 0) return featuresOf(expression, axes);
  return featuresOf({ kind: 'padded', input: expression, padding, fill, origin, channels: expression.channels }, axes);
}
