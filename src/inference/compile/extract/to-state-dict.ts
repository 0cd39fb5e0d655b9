/** The weights of a net by name. */
import type { StateDict, StateTensor } from '../checkpoint/state-dict.ts';
import type { Affine, Convolution, DenseNet } from '../dense-net.ts';

/**
 * The weights under torchvision's names. A norm is only `weight` (its scale) and `bias` (its shift): without running_mean and
 * running_var, netFromStateDict takes them as they are, so that writing in float32 and reading gives the same net, bit for bit.
 */
export function stateDictFromNet({ stem, blocks, head }: DenseNet): StateDict {
  const state = new Map<string, StateTensor>();
  const vector = (name: string, values: Float32Array) => state.set(name, { dims: [values.length], values });
  const norm = (name: string, { scale, shift }: Affine) => {
    vector(`${name}.weight`, scale);
    vector(`${name}.bias`, shift);
  };
  const convolution = (name: string, { outputs, inputs, kernel, weights, bias }: Convolution) => {
    state.set(`${name}.weight`, { dims: [outputs, inputs, kernel, kernel], values: weights });
    if (bias !== null) vector(`${name}.bias`, bias);
  };
  convolution('features.conv0', stem.conv);
  norm('features.norm0', stem.norm);
  blocks.forEach(({ layers, transition }, block) => {
    layers.forEach((layer, index) => {
      const name = `features.denseblock${block + 1}.denselayer${index + 1}`;
      norm(`${name}.norm1`, layer.norm1);
      convolution(`${name}.conv1`, layer.conv1);
      norm(`${name}.norm2`, layer.norm2);
      convolution(`${name}.conv2`, layer.conv2);
    });
    if (transition === null) return;
    norm(`features.transition${block + 1}.norm`, transition.norm);
    convolution(`features.transition${block + 1}.conv`, transition.conv);
  });
  norm('features.norm5', head.norm);
  state.set('classifier.weight', { dims: [head.labels, head.norm.scale.length], values: head.weights });
  vector('classifier.bias', head.bias);
  return state;
}
