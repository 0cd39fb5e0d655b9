/**
 * DenseNet-121 as the compiler sees it (Huang et al., CVPR 2017; CheXNet: Rajpurkar et al. 2017): whatever file it came
 * from, with every BatchNorm folded into a scale and a shift a channel. Layout of weights: output, input, row, column.
 */

/** `scale * x + shift` a channel: an inference-time BatchNorm, scale = gamma / sqrt(var + eps), shift = beta - mean * scale. */
export interface Affine {
  /** One a channel; may be negative or zero. */
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

/** A convolution without bias unless it has one. */
export interface Convolution {
  readonly outputs: number;
  readonly inputs: number;
  /** Side of the square kernel. */
  readonly kernel: number;
  /** [outputs, inputs, kernel, kernel]. */
  readonly weights: Float32Array;
  /** One an output; null when there is none. */
  readonly bias: Float32Array | null;
}

/** BatchNorm, ReLU, 1x1 convolution, BatchNorm, ReLU, 3x3 convolution (padding 1); its output joins its input. */
export interface DenseLayer {
  readonly norm1: Affine;
  readonly conv1: Convolution;
  readonly norm2: Affine;
  readonly conv2: Convolution;
}

/** BatchNorm, ReLU, 1x1 convolution, 2x2 average pooling of stride 2. */
export interface Transition {
  readonly norm: Affine;
  readonly conv: Convolution;
}

/** Dense layers and, but for the last block, the transition behind them. */
export interface DenseBlock {
  readonly layers: readonly DenseLayer[];
  readonly transition: Transition | null;
}

/** The whole net. */
export interface DenseNet {
  /** 7x7 convolution of stride 2 and padding 3 on 1 or 3 channels, BatchNorm, ReLU, 3x3 max pooling of stride 2 and padding 1. */
  readonly stem: { readonly conv: Convolution; readonly norm: Affine };
  readonly blocks: readonly DenseBlock[];
  /** BatchNorm, ReLU, global average pooling, linear classifier, sigmoid. */
  readonly head: {
    readonly norm: Affine;
    /** [labels, features]. */
    readonly weights: Float32Array;
    /** One a label. */
    readonly bias: Float32Array;
    readonly labels: number;
  };
}

/** Dense layers of each block of DenseNet-121. */
export const DENSENET_121_BLOCKS: readonly number[] = [6, 12, 24, 16];

/** Channels that each dense layer adds in DenseNet-121. */
export const GROWTH_RATE = 32;

/** Channels behind the stem in DenseNet-121. */
export const STEM_CHANNELS = 64;
