/**
 * Recognises DenseNet in what a graph computes, from its output back to its image. Names of the file play no part. A
 * dense layer may read the features before it in any order: the canonical order (the block's input, then its layers) is restored
 * in the weights that read them.
 */
import type { Affine, Convolution, DenseBlock, DenseLayer, DenseNet } from '../dense-net.ts';
import { foldScaleBefore } from './affine.ts';
import { type Architecture, blockChannels } from './architecture.ts';
import { channelOrder, partsOf, reorderAffine, reorderInputs } from './channel-order.ts';
import type { ConvolutionOf, Expression, Linear } from './expression.ts';
import { as, halved, isKernel, mismatch, takeAffine, takeConvolution } from './take.ts';

/** A net, and where in the graph the features of each block are, for comparing. */
export interface Match {
  readonly net: DenseNet;
  /** One a block, first block first: name of the graph's value, and its channels' canonical places. */
  readonly features: readonly { readonly value: string; readonly order: readonly number[] }[];
}

/**
 * Matches the expression of the labels' logits.
 *
 * @throws GatewayError MODEL_INVALID naming the node where the graph is another net
 */
export function matchDenseNet(logits: Expression, architecture: Architecture): Match {
  return new Matcher(architecture).match(logits);
}

/** A dense layer before its input channels are brought into order. */
interface FoundLayer {
  readonly part: Expression;
  readonly reads: readonly Expression[];
  readonly layer: DenseLayer;
}

/** A block's layers, and what comes before it. */
interface FoundBlock {
  readonly stem: DenseNet['stem'];
  /** Those before this one. */
  readonly blocks: readonly DenseBlock[];
  readonly layers: readonly DenseLayer[];
  readonly order: readonly number[];
}

class Matcher {
  readonly #architecture: Architecture;
  readonly #channels: ReturnType<typeof blockChannels>;
  readonly #features: { value: string; order: readonly number[] }[] = [];

  constructor(architecture: Architecture) {
    this.#architecture = architecture;
    this.#channels = blockChannels(architecture);
  }

  match(logits: Expression): Match {
    const classifier = as(logits, 'linear', 'a fully connected layer with one output a label');
    const mean = as(classifier.input, 'mean', 'a global average pooling');
    const relu = as(mean.input, 'relu', 'the ReLU of the last normalisation');
    const { affine, input } = takeAffine(relu.input);
    const { stem, blocks, layers, order } = this.#block(input, this.#architecture.blocks.length - 1);
    return {
      net: {
        stem,
        blocks: [...blocks, { layers, transition: null }],
        head: head(classifier, reorderAffine(affine, order), order),
      },
      features: this.#features,
    };
  }

  /** The block whose features the expression is, and everything before it; `order` gives their canonical places. */
  #block(features: Expression, block: number): FoundBlock {
    const parts = partsOf(features);
    const dense = parts.filter((part) => isKernel(part, 3));
    const [first, ...others] = parts.filter((part) => !dense.includes(part));
    if (first === undefined) throw mismatch(features, "a concatenation with the block's input");
    if (others[0] !== undefined) throw mismatch(others[0], "a 3x3 convolution or the block's only input");
    const wanted = this.#architecture.blocks[block];
    if (dense.length !== wanted) {
      throw mismatch(features, `a block ${block + 1} of ${wanted} dense layers, not ${dense.length}`);
    }
    const found = this.#layers(dense, first);
    const order = channelOrder(parts, [first, ...found.map(({ part }) => part)]);
    const before = block === 0 ? { blocks: [], stem: this.#stem(first) } : this.#transition(first, block - 1);
    this.#features.push({ value: features.origin.value, order });
    return { ...before, layers: found.map(({ layer }) => layer), order };
  }

  /** The dense layers in the order in which they build on each other. */
  #layers(parts: readonly Expression[], first: Expression): FoundLayer[] {
    const found = parts.map((part) => this.#layer(part)).sort((a, b) => a.reads.length - b.reads.length);
    return found.map((layer, index) => {
      const canonical = [first, ...found.slice(0, index).map(({ part }) => part)];
      const complete = layer.reads.length === canonical.length && canonical.every((part) => layer.reads.includes(part));
      if (!complete) throw mismatch(layer.part, 'a dense layer that reads all features before it and no others');
      const order = channelOrder(layer.reads, canonical);
      const { norm1, conv1 } = layer.layer;
      const sorted = { norm1: reorderAffine(norm1, order), conv1: reorderInputs(conv1, order) };
      return { ...layer, layer: { ...layer.layer, ...sorted } };
    });
  }

  #layer(part: Expression): FoundLayer {
    const { growth, bottleneck } = this.#architecture;
    const conv2 = takeConvolution(part, { kernel: 3, stride: 1, padding: 1, outputs: growth });
    const relu2 = as(conv2.input, 'relu', 'the ReLU before a 3x3 convolution');
    const norm2 = takeAffine(relu2.input);
    const conv1 = takeConvolution(norm2.input, { kernel: 1, stride: 1, padding: 0, outputs: bottleneck });
    const relu1 = as(conv1.input, 'relu', 'the ReLU before a 1x1 convolution');
    const norm1 = takeAffine(relu1.input);
    return {
      part,
      reads: partsOf(norm1.input),
      layer: {
        norm1: norm1.affine,
        conv1: conv1.convolution,
        norm2: norm2.affine,
        conv2: conv2.convolution,
      },
    };
  }

  /** The transition behind `block` and everything before it. Pooling and a 1x1 convolution may stand in either order. */
  #transition(expression: Expression, block: number): Pick<DenseNet, 'stem' | 'blocks'> {
    const outputs = this.#channels[block + 1]?.first ?? 0;
    const window = { kernel: 1, stride: 1, padding: 0, outputs: null };
    let conv: ConvolutionOf;
    let active: Expression;
    if (expression.kind === 'average-pool') {
      conv = takeConvolution(halved(expression).input, window);
      active = conv.input;
    } else {
      conv = takeConvolution(expression, window);
      active = halved(as(conv.input, 'average-pool', 'a 2x2 average pooling of stride 2')).input;
    }
    const relu = as(active, 'relu', 'the ReLU of a transition');
    const { affine, input } = takeAffine(relu.input);
    const { stem, blocks, layers, order } = this.#block(input, block);
    // Checked after the block: a wrong number of layers is the better reason.
    if (conv.convolution.outputs !== outputs) {
      throw mismatch(conv, `a convolution with ${outputs} outputs, not ${conv.convolution.outputs}`);
    }
    const transition = { norm: reorderAffine(affine, order), conv: reorderInputs(conv.convolution, order) };
    return { stem, blocks: [...blocks, { layers, transition }] };
  }

  #stem(expression: Expression): DenseNet['stem'] {
    const pool = as(expression, 'max-pool', 'the 3x3 max pooling of the stem');
    if (pool.kernel !== 3 || pool.stride !== 2 || pool.padding !== 1) {
      throw mismatch(pool, 'a 3x3 max pooling of stride 2 and padding 1');
    }
    const relu = as(pool.input, 'relu', 'the ReLU of the stem');
    const { affine, input } = takeAffine(relu.input);
    const conv = takeConvolution(input, { kernel: 7, stride: 2, padding: 3, outputs: this.#architecture.stem });
    const { inputs } = conv.convolution;
    if (inputs !== 1 && inputs !== 3) throw mismatch(conv, 'a convolution of 1 or 3 channels');
    return { conv: onImage(conv), norm: affine };
  }
}

/** The first convolution; a scaling of the image goes into its weights. */
function onImage({ input, convolution }: ConvolutionOf): Convolution {
  if (input.kind === 'image') return convolution;
  if (input.kind !== 'affine' || input.input.kind !== 'image') throw mismatch(input, 'the input image');
  if (input.affine.shift.some((shift) => shift !== 0)) {
    throw mismatch(input, 'an image that is used as it is; subtract the mean outside the graph, in the preprocessing');
  }
  return foldScaleBefore(convolution, input.affine.scale);
}

function head({ weights, bias, channels }: Linear, norm: Affine, order: readonly number[]): DenseNet['head'] {
  const inputs = norm.scale.length;
  const { weights: sorted } = reorderInputs({ outputs: channels, inputs, kernel: 1, weights, bias: null }, order);
  return { norm, weights: sorted, bias, labels: channels };
}
