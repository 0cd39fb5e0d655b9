/** Addition, subtraction, multiplication and division by constants. */
import type { OnnxNode } from '../onnx/model.ts';
import { affineOf } from './build.ts';
import type { Origin } from './expression.ts';
import { perChannel } from './per-channel.ts';
import { type Features, featuresOf, foreign, type Value } from './values.ts';

/** Operators of two inputs of either order. */
export function combine(node: OnnxNode, inputs: readonly (Value | undefined)[], origin: Origin): Features {
  const [first, second] = inputs;
  if (first?.kind === 'features' && second?.kind === 'features') {
    return foreign(
      node.opType === 'Add' ? 'adds two feature maps, as residual networks do' : 'combines two feature maps',
      origin,
    );
  }
  const features = first?.kind === 'features' ? first : second;
  const other = first?.kind === 'features' ? second : first;
  if (features?.kind !== 'features' || other?.kind !== 'constant') return foreign('has no constant operand', origin);
  const channels = features.expression.channels;
  const values = perChannel(other.constant, features.axes, channels);
  if (values === null) return foreign('has a constant that is not one number a channel', origin);
  const ones = new Float32Array(channels).fill(1);
  const zeros = new Float32Array(channels);
  const affine = () => {
    switch (node.opType) {
      case 'Mul':
        return { scale: values, shift: zeros };
      case 'Add':
        return { scale: ones, shift: values };
      case 'Sub':
        return first === features
          ? { scale: ones, shift: values.map((value) => -value) }
          : { scale: ones.map(() => -1), shift: values };
      default:
        return first === features ? { scale: values.map((value) => 1 / value), shift: zeros } : null;
    }
  };
  const map = affine();
  if (map === null) return foreign('divides by a feature map', origin);
  return featuresOf(affineOf(features.expression, map, origin), features.axes);
}
