/**
 * What a graph computes, freed from how its exporter wrote it: layouts, casts, paddings in nodes of their own and constant
 * arithmetic are gone; what is left are the operations that DenseNet is made of.
 */
import type { Affine, Convolution } from '../dense-net.ts';

/** Where in the graph an expression was made. */
export interface Origin {
  /** Name and operator of the node, for messages. */
  readonly node: string;
  /** Name of the value that the node gives. */
  readonly value: string;
}

interface Made {
  readonly origin: Origin;
  /** Channels; 0 when the graph does not say (only the image's). */
  readonly channels: number;
}

interface OfOne extends Made {
  readonly input: Expression;
}

/** Zero padding, and stride, the same on both axes and sides. */
export interface Window {
  readonly stride: number;
  readonly padding: number;
}

/** The graph's input. */
export interface Image extends Made {
  readonly kind: 'image';
}

/** A convolution of one group without dilation. */
export interface ConvolutionOf extends OfOne, Window {
  readonly kind: 'convolution';
  readonly convolution: Convolution;
}

/** A scale and a shift a channel. */
export interface AffineOf extends OfOne {
  readonly kind: 'affine';
  readonly affine: Affine;
}

export interface Relu extends OfOne {
  readonly kind: 'relu';
}

/** Zeros (or less) around the map. */
export interface Padded extends OfOne {
  readonly kind: 'padded';
  readonly padding: number;
  readonly fill: number;
}

export interface Pooling extends OfOne, Window {
  readonly kind: 'max-pool' | 'average-pool';
  readonly kernel: number;
}

/** Channels of several maps, one behind the other. */
export interface Concatenation extends Made {
  readonly kind: 'concatenation';
  readonly parts: readonly Expression[];
}

/** The mean over all positions. */
export interface Mean extends OfOne {
  readonly kind: 'mean';
}

/** A fully connected layer on what {@link Mean} gives. */
export interface Linear extends OfOne {
  readonly kind: 'linear';
  /** [outputs, inputs] */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

export interface Sigmoid extends OfOne {
  readonly kind: 'sigmoid';
}

/** What DenseNet has no use for; an error only when the output depends on it. */
export interface Foreign extends Made {
  readonly kind: 'foreign';
  /** A predicate: "adds two feature maps". */
  readonly reason: string;
}

export type Expression =
  | Image
  | ConvolutionOf
  | AffineOf
  | Relu
  | Padded
  | Pooling
  | Concatenation
  | Mean
  | Linear
  | Sigmoid
  | Foreign;

/** An expression in words. */
export function describe(expression: Expression): string {
  switch (expression.kind) {
    case 'image':
      return 'the input image';
    case 'convolution': {
      const { kernel } = expression.convolution;
      return `a ${kernel}x${kernel} convolution of stride ${expression.stride} and padding ${expression.padding}`;
    }
    case 'affine':
      return 'a normalisation';
    case 'relu':
      return 'a ReLU';
    case 'padded':
      return `a padding by ${expression.padding}`;
    case 'max-pool':
    case 'average-pool': {
      const { kind, kernel, stride, padding } = expression;
      return `a ${kernel}x${kernel} ${kind === 'max-pool' ? 'max' : 'average'} pooling of stride ${stride} and padding ${padding}`;
    }
    case 'concatenation':
      return 'a concatenation';
    case 'mean':
      return 'a global average pooling';
    case 'linear':
      return 'a fully connected layer';
    case 'sigmoid':
      return 'a sigmoid';
    case 'foreign':
      return `an operation that ${expression.reason}`;
  }
}
