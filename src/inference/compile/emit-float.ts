/**
 * The FP32 graph of a DenseNet: what the compiled INT8 graph is measured against, what calibration runs on, and what
 * is served where INT8 does not pay.
 */
import type { Affine, Convolution, DenseLayer, DenseNet, Transition } from './dense-net.ts';
import { folded, transposed } from './fold.ts';
import { GraphBuilder } from './onnx/graph-builder.ts';
import { type OnnxModel, OnnxType, type OnnxValueInfo } from './onnx/model.ts';
import { floatTensor, int64Tensor } from './onnx/tensor.ts';
import { CLASS_ACTIVATION_MAP, IMAGE, LOGIT, layerName, PROBABILITY, tapName, transitionName } from './tensor-names.ts';

/** How the graph is written. */
export interface EmitFloatOptions {
  /** Whether the tensors that calibration looks at are outputs too (see tapName). */
  readonly taps?: boolean;
}

/**
 * FP32 ONNX with any number of films and any size: `image` [n, channels, h, w] in; `prob` and `logit` [n, labels] and
 * `cam` [n, rows, columns, labels] out.
 */
export function emitFloat(net: DenseNet, options: EmitFloatOptions = {}): OnnxModel {
  return new FloatEmitter(net).emit(options.taps ?? false);
}

class FloatEmitter {
  readonly #builder = new GraphBuilder();
  readonly #net: DenseNet;
  readonly #taps: string[] = [];

  constructor(net: DenseNet) {
    this.#net = net;
  }

  emit(taps: boolean): OnnxModel {
    const { stem, blocks, head } = this.#net;
    let features = this.#stem();
    blocks.forEach(({ layers, transition }, block) => {
      layers.forEach((layer, index) => {
        const last = index === layers.length - 1;
        features = this.#denseLayer(features, layer, block, index, last ? tapName.features(block) : undefined);
      });
      this.#taps.push(features);
      if (transition !== null) features = this.#transition(features, transition, block);
    });
    this.#head(features);
    const dynamic = (name: string, dims: OnnxValueInfo['dims']): OnnxValueInfo => ({
      name,
      type: OnnxType.FLOAT,
      dims,
    });
    const outputs = [
      dynamic(PROBABILITY, ['n', head.labels]),
      dynamic(LOGIT, ['n', head.labels]),
      dynamic(CLASS_ACTIVATION_MAP, ['n', 'rows', 'columns', head.labels]),
      ...(taps ? this.#taps.map((name) => dynamic(name, null)) : []),
    ];
    return this.#builder.build('densenet-fp32', [dynamic(IMAGE, ['n', stem.conv.inputs, 'h', 'w'])], outputs);
  }

  #stem(): string {
    const { conv, norm } = this.#net.stem;
    const convolved = this.#convolution(IMAGE, 'stem.conv', folded(conv, norm), 3, 2);
    const active = this.#builder.node('Relu', [convolved], { name: 'stem.relu' });
    return this.#builder.node('MaxPool', [active], {
      name: 'stem.pool',
      attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
    });
  }

  #denseLayer(features: string, layer: DenseLayer, block: number, index: number, joined?: string): string {
    const name = layerName(block, index);
    const active = this.#normRelu(features, `${name}.norm1`, layer.norm1);
    const squeezed = this.#convolution(active, `${name}.conv1`, folded(layer.conv1, layer.norm2), 0);
    const bottleneck = this.#builder.node('Relu', [squeezed], { name: tapName.bottleneck(block, index) });
    this.#taps.push(bottleneck);
    const grown = this.#convolution(bottleneck, `${name}.conv2`, layer.conv2, 1);
    return this.#builder.node('Concat', [features, grown], {
      name: joined ?? `${name}.features`,
      attributes: { axis: 1 },
    });
  }

  /** Pools first: average pooling and a 1x1 convolution commute, and it is a quarter of the work. */
  #transition(features: string, transition: Transition, block: number): string {
    const name = transitionName(block);
    const active = this.#normRelu(features, `${name}.norm`, transition.norm);
    const pooled = this.#builder.node('AveragePool', [active], {
      name: tapName.pooled(block),
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    });
    this.#taps.push(pooled);
    return this.#convolution(pooled, `${name}.conv`, transition.conv, 0);
  }

  #head(features: string): void {
    const { norm, weights, bias, labels } = this.#net.head;
    const builder = this.#builder;
    const active = this.#normRelu(features, 'head.norm', norm);
    const channelsLast = builder.node('Transpose', [active], {
      name: 'head.channels_last',
      attributes: { perm: [0, 2, 3, 1] },
    });
    const classifier = builder.constant(
      floatTensor('head.weights', [norm.scale.length, labels], transposed(weights, labels, norm.scale.length)),
    );
    const product = builder.node('MatMul', [channelsLast, classifier], { name: 'head.product' });
    const shift = builder.constant(floatTensor('head.bias', [labels], bias));
    const map = builder.node('Add', [product, shift], { name: CLASS_ACTIVATION_MAP });
    const axes = builder.constant(int64Tensor('head.axes', [1, 2]));
    builder.node('ReduceMean', [map, axes], { name: LOGIT, attributes: { keepdims: 0 } });
    builder.node('Sigmoid', [LOGIT], { name: PROBABILITY });
  }

  /** BatchNormalization with mean 0 and variance 1 rather than Mul and Add: ONNX Runtime has a blocked kernel for it. */
  #normRelu(input: string, name: string, norm: Affine): string {
    const channels = norm.scale.length;
    const constant = (field: string, values: Float32Array) =>
      this.#builder.constant(floatTensor(field, [channels], values));
    const inputs = [
      input,
      constant(`${name}.scale`, norm.scale),
      constant(`${name}.shift`, norm.shift),
      constant(`zeros${channels}`, new Float32Array(channels)),
      constant(`ones${channels}`, new Float32Array(channels).fill(1)),
    ];
    const normalised = this.#builder.node('BatchNormalization', inputs, { name, floats: { epsilon: 0 } });
    return this.#builder.node('Relu', [normalised], { name: `${name}.relu` });
  }

  #convolution(input: string, name: string, conv: Convolution, padding: number, stride = 1): string {
    const { outputs, inputs, kernel, weights, bias } = conv;
    const constants = [floatTensor(`${name}.weights`, [outputs, inputs, kernel, kernel], weights)];
    if (bias !== null) constants.push(floatTensor(`${name}.bias`, [outputs], bias));
    return this.#builder.node('Conv', [input, ...constants.map((constant) => this.#builder.constant(constant))], {
      name,
      attributes: {
        kernel_shape: [kernel, kernel],
        pads: [padding, padding, padding, padding],
        strides: [stride, stride],
      },
    });
  }
}
