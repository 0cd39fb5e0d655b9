/** Writes a net as ONNX in the forms that exporters give it. */
import { floatToHalf } from '../../../../src/inference/compile/checkpoint/half.ts';
import type { Affine, Convolution, DenseNet } from '../../../../src/inference/compile/dense-net.ts';
import { folded } from '../../../../src/inference/compile/fold.ts';
import {
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  OnnxType,
} from '../../../../src/inference/compile/onnx/model.ts';
import { floatTensor, int64Tensor } from '../../../../src/inference/compile/onnx/tensor.ts';

/** Every choice that exporters make differently; the first of each is torch.onnx's legacy exporter. */
export interface ExportStyle {
  readonly norms?: 'kept' | 'arithmetic' | 'folded';
  readonly layout?: 'channels-first' | 'channels-last';
  readonly concat?: 'all' | 'incremental' | 'reversed';
  readonly constants?: 'initializers' | 'nodes' | 'reshaped';
  readonly half?: boolean;
  readonly padding?: 'attributes' | 'nodes' | 'automatic';
  readonly head?: 'flatten' | 'reduce-mean' | 'reshape' | 'average-pool' | 'shape' | 'convolution';
  readonly classifier?: 'gemm' | 'matmul' | 'gemm-untransposed';
  readonly sigmoid?: boolean;
  /** Identity, Dropout and Cast nodes in between. */
  readonly noise?: boolean;
  /** The image's size in the file; dynamic when left out. */
  readonly size?: number;
  /** The image is scaled in the graph. */
  readonly scaled?: { readonly scale: number; readonly shift: number };
  readonly transition?: 'convolve-first' | 'pool-first';
}

type Attributes = Readonly<Record<string, OnnxAttribute>>;

const ints = (...value: number[]): OnnxAttribute => ({ kind: 'ints', value });
const int = (value: number): OnnxAttribute => ({ kind: 'int', value });
const text = (value: string): OnnxAttribute => ({ kind: 'string', value });

/** The net as an exporter of this style would write it. Names say nothing. */
export function exportNet(net: DenseNet, style: ExportStyle = {}): OnnxModel {
  return new Exporter(style).export(net);
}

class Exporter {
  readonly #style: ExportStyle;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxTensor[] = [];
  #count = 0;

  constructor(style: ExportStyle) {
    this.#style = style;
  }

  export(net: DenseNet): OnnxModel {
    const last = this.#style.layout === 'channels-last';
    const channels = net.stem.conv.inputs;
    const side = this.#style.size;
    const spatial = [side ?? 'h', side ?? 'w'];
    let x = this.#scaled('pixels', last);
    x = this.#convNorm(x, net.stem.conv, net.stem.norm, 3, 2);
    x = this.#pool('MaxPool', this.#node('Relu', [x]), 3, 2, 1);
    for (const { layers, transition } of net.blocks) {
      let parts = [x];
      for (const { norm1, conv1, norm2, conv2 } of layers) {
        const features = this.#concat(parts);
        let y = this.#node('Relu', [this.#norm(features, this.#order(norm1, parts.length, conv2.outputs))]);
        y = this.#convNorm(y, this.#reorderConv(conv1, parts.length, conv2.outputs), norm2, 0);
        y = this.#conv(this.#node('Relu', [y]), conv2, 1);
        if (this.#style.noise) y = this.#node('Dropout', [y]);
        parts = this.#style.concat === 'incremental' ? [features, y] : [...parts, y];
      }
      const growth = layers[0]?.conv2.outputs ?? 0;
      const count = parts.length;
      x = this.#concat(parts);
      if (transition === null) {
        x = this.#node('Relu', [this.#norm(x, this.#order(net.head.norm, count, growth))]);
        return this.#finish(this.#head(x, net, count, growth), channels, spatial);
      }
      x = this.#node('Relu', [this.#norm(x, this.#order(transition.norm, count, growth))]);
      const conv = this.#reorderConv(transition.conv, count, growth);
      x =
        this.#style.transition === 'pool-first'
          ? this.#conv(this.#pool('AveragePool', x, 2, 2, 0), conv, 0)
          : this.#pool('AveragePool', this.#conv(x, conv, 0), 2, 2, 0);
    }
    throw new Error('the last block has a transition');
  }

  #finish(outputs: string[], channels: number, spatial: (number | string)[]): OnnxModel {
    const type = this.#style.half ? OnnxType.FLOAT16 : OnnxType.FLOAT;
    const last = this.#style.layout === 'channels-last';
    const dims = last ? ['n', ...spatial, channels] : ['n', channels, ...spatial];
    return {
      irVersion: 8,
      producerName: 'test',
      opsets: [{ domain: '', version: 17 }],
      graph: {
        name: 'net',
        nodes: this.#nodes,
        initializers: this.#initializers,
        inputs: [{ name: 'pixels', type, dims }],
        outputs: outputs.map((name) => ({ name, type, dims: null })),
      },
      metadata: {},
    };
  }

  #head(x: string, { head }: DenseNet, parts: number, growth: number): string[] {
    const { labels } = head;
    const features = head.norm.scale.length;
    const order = this.#permutation(features, parts, growth);
    const weights = head.weights.map((_, index) => {
      const column = index % features;
      return head.weights[index - column + (order[column] ?? 0)] ?? 0;
    });
    const last = this.#style.layout === 'channels-last';
    const logits = (() => {
      if (this.#style.head === 'convolution') {
        const conv = { outputs: labels, inputs: features, kernel: 1, weights, bias: head.bias };
        const pooled = this.#node('GlobalAveragePool', [x]);
        return this.#node('Flatten', [this.#conv(pooled, conv, 0)]);
      }
      const vector = this.#vector(x, last);
      const transposed = weights.map(
        (_, index) => weights[(index % labels) * features + Math.floor(index / labels)] ?? 0,
      );
      const bias = this.#constant([labels], head.bias);
      switch (this.#style.classifier) {
        case 'matmul':
          return this.#node('Add', [
            this.#node('MatMul', [vector, this.#constant([features, labels], transposed)]),
            bias,
          ]);
        case 'gemm-untransposed':
          return this.#node('Gemm', [vector, this.#constant([features, labels], transposed), bias]);
        default:
          return this.#node('Gemm', [vector, this.#constant([labels, features], weights), bias], { transB: int(1) });
      }
    })();
    return this.#style.sigmoid === false ? [logits] : [this.#node('Sigmoid', [logits])];
  }

  #vector(x: string, last: boolean): string {
    switch (this.#style.head) {
      case 'reduce-mean':
        return this.#node('ReduceMean', [x], { axes: last ? ints(1, 2) : ints(-1, -2), keepdims: int(0) });
      case 'reshape': {
        const shape = this.#shape([-1, 0]);
        const pooled = this.#node('ReduceMean', [x], { axes: last ? ints(1, 2) : ints(2, 3), keepdims: int(1) });
        return last ? this.#node('Squeeze', [pooled, this.#shape([1, 2])]) : this.#node('Reshape', [pooled, shape]);
      }
      case 'average-pool': {
        const side = (this.#style.size ?? 0) / 16;
        const kernel = { kernel_shape: ints(side, side), strides: ints(side, side) };
        return this.#node('Flatten', [this.#node('AveragePool', [x], kernel)]);
      }
      case 'shape': {
        const pooled = this.#node('GlobalAveragePool', [x]);
        const films = this.#node('Gather', [this.#node('Shape', [pooled]), this.#shape([0])]);
        return this.#node('Reshape', [pooled, this.#node('Concat', [films, this.#shape([-1])], { axis: int(0) })]);
      }
      default:
        return this.#node('Flatten', [this.#node('GlobalAveragePool', [x])], { axis: int(1) });
    }
  }

  #scaled(x: string, last: boolean): string {
    const { scaled } = this.#style;
    if (scaled === undefined) return x;
    const scale = this.#constant(last ? [1] : [1, 1, 1], Float32Array.of(scaled.scale));
    const product = this.#node('Mul', [x, scale]);
    return scaled.shift === 0
      ? product
      : this.#node('Add', [product, this.#constant([], Float32Array.of(scaled.shift))]);
  }

  #concat(parts: readonly string[]): string {
    const axis = this.#style.layout === 'channels-last' ? 3 : 1;
    const ordered = this.#style.concat === 'reversed' ? [...parts].reverse() : parts;
    return this.#node('Concat', ordered, { axis: int(axis) });
  }

  /** For each channel as the graph has it, its canonical place. */
  #permutation(channels: number, parts: number, growth: number): number[] {
    const canonical = Array.from({ length: channels }, (_, index) => index);
    if (this.#style.concat !== 'reversed') return canonical;
    const first = channels - (parts - 1) * growth;
    const slices = [canonical.slice(0, first)];
    for (let start = first; start < channels; start += growth) slices.push(canonical.slice(start, start + growth));
    return slices.reverse().flat();
  }

  #order({ scale, shift }: Affine, parts: number, growth: number): Affine {
    const order = this.#permutation(scale.length, parts, growth);
    const sort = (values: Float32Array) => Float32Array.from(order, (place) => values[place] ?? 0);
    return { scale: sort(scale), shift: sort(shift) };
  }

  #reorderConv(conv: Convolution, parts: number, growth: number): Convolution {
    const order = this.#permutation(conv.inputs, parts, growth);
    const weights = conv.weights.map((_, index) => {
      const column = index % conv.inputs;
      return conv.weights[index - column + (order[column] ?? 0)] ?? 0;
    });
    return { ...conv, weights };
  }

  #convNorm(x: string, conv: Convolution, norm: Affine, padding: number, stride = 1): string {
    if (this.#style.norms === 'folded') return this.#conv(x, folded(conv, norm), padding, stride);
    return this.#norm(this.#conv(x, conv, padding, stride), norm);
  }

  #conv(x: string, { outputs, inputs, kernel, weights, bias }: Convolution, padding: number, stride = 1): string {
    const window = this.#window(x, padding, stride, kernel, 0);
    const constants = [this.#constant([outputs, inputs, kernel, kernel], weights)];
    if (bias !== null) constants.push(this.#constant([outputs], bias));
    return this.#aroundFirst(window.x, (first) =>
      this.#node('Conv', [first, ...constants], { ...window.attributes, kernel_shape: ints(kernel, kernel) }),
    );
  }

  #pool(type: 'MaxPool' | 'AveragePool', x: string, kernel: number, stride: number, padding: number): string {
    const window = this.#window(x, padding, stride, kernel, type === 'MaxPool' ? -65_504 : 0);
    return this.#aroundFirst(window.x, (first) =>
      this.#node(type, [first], { ...window.attributes, kernel_shape: ints(kernel, kernel) }),
    );
  }

  #window(
    x: string,
    padding: number,
    stride: number,
    kernel: number,
    fill: number,
  ): { x: string; attributes: Attributes } {
    const strides = ints(stride, stride);
    if (this.#style.padding === 'automatic' && stride === 1 && kernel === 3) {
      return { x, attributes: { strides, auto_pad: text('SAME_UPPER') } };
    }
    if (this.#style.padding === 'nodes' && padding > 0) {
      const pads =
        this.#style.layout === 'channels-last'
          ? [0, padding, padding, 0, 0, padding, padding, 0]
          : [0, 0, padding, padding, 0, 0, padding, padding];
      const padded = this.#node('Pad', [x, this.#shape(pads), this.#constant([], Float32Array.of(fill))]);
      return { x: padded, attributes: { strides, auto_pad: text('VALID') } };
    }
    return { x, attributes: { strides, pads: ints(padding, padding, padding, padding) } };
  }

  /** ONNX convolves channels first; exporters of channels-last nets transpose there and back. */
  #aroundFirst(x: string, operation: (first: string) => string): string {
    if (this.#style.layout !== 'channels-last') return operation(x);
    const result = operation(this.#node('Transpose', [x], { perm: ints(0, 3, 1, 2) }));
    return this.#node('Transpose', [result], { perm: ints(0, 2, 3, 1) });
  }

  #norm(x: string, { scale, shift }: Affine): string {
    const channels = scale.length;
    const shape = this.#style.layout === 'channels-last' ? [channels] : [1, channels, 1, 1];
    if (
      this.#style.norms === 'arithmetic' ||
      (this.#style.norms === 'folded' && this.#style.layout === 'channels-last')
    ) {
      return this.#node('Add', [this.#node('Mul', [x, this.#constant(shape, scale)]), this.#constant(shape, shift)]);
    }
    // (x - mean) / sqrt(variance + epsilon) * gamma + beta with a mean and variance that are not trivial.
    const variance = scale.map((_, index) => 0.5 + (index % 7) / 4);
    const mean = scale.map((_, index) => (index % 5) / 8 - 0.25);
    const epsilon = 1e-3;
    const gamma = scale.map((value, index) => value * Math.sqrt((variance[index] ?? 0) + epsilon));
    const beta = shift.map((value, index) => value + (mean[index] ?? 0) * (scale[index] ?? 0));
    const constants = [gamma, beta, mean, variance].map((values) => this.#constant([channels], values));
    const normalise = (first: string) =>
      this.#node('BatchNormalization', [first, ...constants], { epsilon: { kind: 'float', value: epsilon } });
    return this.#aroundFirst(x, normalise);
  }

  #shape(values: readonly number[]): string {
    const name = this.#name();
    this.#initializers.push(int64Tensor(name, values));
    return name;
  }

  #constant(dims: readonly number[], values: Float32Array): string {
    const name = this.#name();
    const plain = floatTensor(name, dims, values);
    const half = { ...plain, type: OnnxType.FLOAT16, data: new Uint8Array(floatToHalf(values).buffer) };
    const tensor = this.#style.half ? half : plain;
    switch (this.#style.constants) {
      case 'nodes':
        this.#push('Constant', [], name, { value: { kind: 'tensor', value: { ...tensor, name: '' } } });
        return name;
      case 'reshaped': {
        // Stored flat, as some converters do, and brought into shape in the graph.
        this.#initializers.push({ ...tensor, dims: [values.length] });
        return this.#node('Reshape', [name, this.#shape(dims)]);
      }
      default:
        this.#initializers.push(tensor);
        return name;
    }
  }

  #node(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = this.#name();
    this.#push(opType, inputs, output, attributes);
    if (!this.#style.noise || (opType !== 'Relu' && opType !== 'Concat')) return output;
    const identity = this.#name();
    this.#push('Identity', [output], identity, {});
    const cast = this.#name();
    this.#push('Cast', [identity], cast, { to: int(OnnxType.FLOAT) });
    return cast;
  }

  #push(opType: string, inputs: readonly string[], output: string, attributes: Attributes): void {
    this.#nodes.push({ name: '', opType, domain: '', inputs, outputs: [output], attributes });
  }

  #name(): string {
    this.#count += 1;
    return `v${this.#count}`;
  }
}
