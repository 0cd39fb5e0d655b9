/** DenseNet-121 out of named weights, under the names that torchvision and training scripts have given them since 2017. */
import { GatewayError } from '../../../errors.ts';
import type { StateDict, StateTensor } from '../checkpoint/state-dict.ts';
import type { Affine, Convolution, DenseBlock, DenseNet } from '../dense-net.ts';
import { batchNorm } from './affine.ts';
import { type Architecture, blockChannels, DENSENET_121 } from './architecture.ts';

/** torch.nn.BatchNorm2d's default, which DenseNet keeps; checkpoints do not hold it. */
const BATCH_NORM_EPSILON = 1e-5;

/** torchxrayvision keeps the threshold of each label beside the weights. */
export const THRESHOLDS = 'op_threshs';

const STEM = 'features.conv0.weight';

/** How many wrong names a message lists. */
const LISTED = 8;

/**
 * The net whose weights these are.
 *
 * Any prefix before `features.` is taken off (`module.` of DataParallel, `densenet121.` of CheXNet's wrapper); `norm.1` and
 * `conv.1` of torchvision before 0.2 are `norm1` and `conv1`; the classifier may be the first or second part of a Sequential.
 * A norm without running_mean and running_var is one that {@link stateDictFromNet} wrote: weight is the scale, bias the shift.
 *
 * @throws GatewayError MODEL_INVALID when weights are missing, unexpected, of another shape or not finite
 */
export function netFromStateDict(state: StateDict, architecture: Architecture = DENSENET_121): DenseNet {
  const weights = new Weights(canonicalNames(state));
  const { blocks, growth, stem, bottleneck } = architecture;
  const channels = blockChannels(architecture);
  const imageChannels = weights.dims(STEM)[1] ?? 0;
  if (imageChannels !== 1 && imageChannels !== 3) {
    throw notDenseNet(`its first convolution has ${imageChannels} input channels in place of 1 or 3`);
  }
  const net: DenseNet = {
    stem: {
      conv: weights.convolution('features.conv0', stem, imageChannels, 7),
      norm: weights.norm('features.norm0', stem),
    },
    blocks: blocks.map((count, block): DenseBlock => {
      const { first = 0, last = 0 } = channels[block] ?? {};
      const layers = Array.from({ length: count }, (_, layer) => {
        const name = `features.denseblock${block + 1}.denselayer${layer + 1}`;
        const inputs = first + layer * growth;
        return {
          norm1: weights.norm(`${name}.norm1`, inputs),
          conv1: weights.convolution(`${name}.conv1`, bottleneck, inputs, 1),
          norm2: weights.norm(`${name}.norm2`, bottleneck),
          conv2: weights.convolution(`${name}.conv2`, growth, bottleneck, 3),
        };
      });
      const next = channels[block + 1];
      const name = `features.transition${block + 1}`;
      const transition =
        next === undefined
          ? null
          : {
              norm: weights.norm(`${name}.norm`, last),
              conv: weights.convolution(`${name}.conv`, next.first, last, 1),
            };
      return { layers, transition };
    }),
    head: {
      norm: weights.norm('features.norm5', channels.at(-1)?.last ?? 0),
      ...weights.classifier(channels.at(-1)?.last ?? 0),
    },
  };
  weights.assertAllUsed();
  return net;
}

/**
 * The thresholds that a torchxrayvision checkpoint brings, one a label.
 *
 * @returns null where there are none; a label that was never trained has NaN
 */
export function thresholdsOf(state: StateDict): Float32Array | null {
  return [...state].find(([name]) => name === THRESHOLDS || name.endsWith(`.${THRESHOLDS}`))?.[1].values ?? null;
}

/** Names as torchvision gives them today; what is no weight of the net at inference is left out. */
function canonicalNames(state: StateDict): Map<string, StateTensor> {
  const stems = [...state.keys()].filter((name) => name === STEM || name.endsWith(`.${STEM}`));
  const [stem] = stems;
  if (stem === undefined) throw notDenseNet(`it has no ${STEM}${resemblance(state)}`);
  if (stems.length > 1) throw notDenseNet(`it holds ${stems.length} nets (${stems.join(', ')})`);
  const prefix = stem.slice(0, -STEM.length);
  const weights = new Map<string, StateTensor>();
  for (const [name, tensor] of state) {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    const canonical = bare.replace(/\.(norm|conv)\.(\d)\./, '.$1$2.').replace(/^classifier\.\d\./, 'classifier.');
    if (canonical.endsWith('.num_batches_tracked') || canonical === THRESHOLDS) continue;
    if (weights.has(canonical)) throw notDenseNet(`it has ${canonical} twice`);
    weights.set(canonical, tensor);
  }
  return weights;
}

function resemblance(state: StateDict): string {
  const names = [...state.keys()];
  if (names.some((name) => /(^|\.)layer1\.0\.conv1\.weight$/.test(name))) return '; its names are those of a ResNet';
  return `; its first names are ${names.slice(0, LISTED).join(', ')}`;
}

/** Weights by canonical name, each taken with the shape that is expected. */
class Weights {
  readonly #tensors: ReadonlyMap<string, StateTensor>;
  readonly #used = new Set<string>();

  constructor(tensors: ReadonlyMap<string, StateTensor>) {
    this.#tensors = tensors;
  }

  dims(name: string): readonly number[] {
    return this.#tensors.get(name)?.dims ?? [];
  }

  convolution(name: string, outputs: number, inputs: number, kernel: number): Convolution {
    return {
      outputs,
      inputs,
      kernel,
      weights: this.#take(`${name}.weight`, [outputs, inputs, kernel, kernel]),
      bias: this.#tensors.has(`${name}.bias`) ? this.#take(`${name}.bias`, [outputs]) : null,
    };
  }

  norm(name: string, channels: number): Affine {
    const gamma = this.#take(`${name}.weight`, [channels]);
    const beta = this.#take(`${name}.bias`, [channels]);
    const folded = !this.#tensors.has(`${name}.running_mean`) && !this.#tensors.has(`${name}.running_var`);
    if (folded) return { scale: gamma, shift: beta };
    const mean = this.#take(`${name}.running_mean`, [channels]);
    const variance = this.#take(`${name}.running_var`, [channels]);
    if (variance.some((value) => value < 0)) throw notDenseNet(`${name}.running_var has negative values`);
    return batchNorm(gamma, beta, mean, variance, BATCH_NORM_EPSILON);
  }

  classifier(features: number): Pick<DenseNet['head'], 'weights' | 'bias' | 'labels'> {
    const labels = this.dims('classifier.weight')[0] ?? 0;
    return {
      labels,
      weights: this.#take('classifier.weight', [labels, features]),
      bias: this.#take('classifier.bias', [labels]),
    };
  }

  assertAllUsed(): void {
    const unexpected = [...this.#tensors.keys()].filter((name) => !this.#used.has(name));
    if (unexpected.length === 0) return;
    const more = unexpected.length > LISTED ? ` and ${unexpected.length - LISTED} more` : '';
    throw notDenseNet(`it has weights that DenseNet-121 has not: ${unexpected.slice(0, LISTED).join(', ')}${more}`);
  }

  #take(name: string, dims: readonly number[]): Float32Array {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw notDenseNet(`it has no ${name}`);
    if (tensor.dims.join() !== dims.join()) {
      throw notDenseNet(`${name} is [${tensor.dims.join(', ')}] in place of [${dims.join(', ')}]`);
    }
    if (!tensor.values.every(Number.isFinite)) throw notDenseNet(`${name} holds numbers that are not finite`);
    this.#used.add(name);
    return tensor.values;
  }
}

function notDenseNet(problem: string): GatewayError {
  return new GatewayError('MODEL_INVALID', `The checkpoint is no DenseNet-121: ${problem}.`);
}
