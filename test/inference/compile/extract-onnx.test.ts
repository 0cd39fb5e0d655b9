/** Extraction from each exporter's form, proved in ONNX Runtime. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DenseNet } from '../../../src/inference/compile/dense-net.ts';
import { emitFloat } from '../../../src/inference/compile/emit-float.ts';
import { extractFromOnnx, netFromOnnx } from '../../../src/inference/compile/extract/from-onnx.ts';
import { decodeModel } from '../../../src/inference/compile/onnx/decode.ts';
import { encodeModel } from '../../../src/inference/compile/onnx/encode.ts';
import type { OnnxModel, OnnxNode } from '../../../src/inference/compile/onnx/model.ts';
import { noiseImages, verifyExtraction } from '../../../src/inference/compile/verify-extraction.ts';
import { sharedData } from '../../support/shared.ts';
import { type ExportStyle, exportNet } from './support/exporter.ts';
import { randomNet, TINY } from './support/tiny-net.ts';

const net = randomNet(TINY);
const SIDE = 64;
const images = noiseImages(3, SIDE, SIDE, { least: -2, greatest: 2 });

const STYLES: Readonly<Record<string, ExportStyle>> = {
  'torch.onnx legacy': {},
  'torch.onnx dynamo: norms folded where they can be, ReduceMean and Reshape': {
    norms: 'folded',
    head: 'reshape',
    concat: 'all',
  },
  'onnxsim: incremental concatenation': { norms: 'folded', concat: 'incremental' },
  'F.avg_pool2d and view of 2017': { head: 'average-pool', size: SIDE, sigmoid: false },
  'view by Shape, Gather and Concat': { head: 'shape' },
  'tf2onnx, channels last throughout': {
    layout: 'channels-last',
    norms: 'arithmetic',
    padding: 'nodes',
    head: 'reduce-mean',
    classifier: 'matmul',
    concat: 'incremental',
    size: SIDE,
  },
  'keras2onnx, norms kept': {
    layout: 'channels-last',
    padding: 'nodes',
    head: 'reshape',
    classifier: 'gemm-untransposed',
    sigmoid: false,
  },
  'folded norms, channels last': {
    layout: 'channels-last',
    norms: 'folded',
    head: 'reduce-mean',
    classifier: 'matmul',
  },
  'automatic padding': { padding: 'automatic' },
  'Constant nodes': { constants: 'nodes', norms: 'arithmetic' },
  'constants behind Reshape': { constants: 'reshaped', head: 'reduce-mean' },
  'Identity, Cast and Dropout between': { noise: true },
  'concatenations in another order': { concat: 'reversed' },
  'concatenations in another order, norms folded': { concat: 'reversed', norms: 'folded', sigmoid: false },
  'pooling before the convolution of a transition': { transition: 'pool-first' },
  'a classifier that is a 1x1 convolution': { head: 'convolution', norms: 'folded' },
  'an image that is scaled in the graph': { scaled: { scale: 0.5, shift: 0 } },
};

describe('extraction from ONNX', () => {
  it.each(Object.entries(STYLES))('%s', async (_name, style) => {
    const model = decodeModel(encodeModel(exportNet(net, style)));
    const extraction = extractFromOnnx(model, TINY);
    const check = await verifyExtraction(model, extraction, images);
    expect(check.images).toBe(images.length);
    expect(check.largestLogitDifference).toBeLessThan(1e-4);
    expect(extraction.output.sigmoid).toBe(style.sigmoid ?? true);
  });

  it('restores the canonical order of channels', () => {
    const straight = netFromOnnx(exportNet(net, { norms: 'arithmetic' }), TINY);
    const reversed = netFromOnnx(exportNet(net, { norms: 'arithmetic', concat: 'reversed' }), TINY);
    expect(reversed).toEqual(straight);
    expect(straight).toEqual(net);
  });

  it('reads weights in half precision, compared in single', async () => {
    const model = exportNet(net, { half: true });
    const extraction = extractFromOnnx(model, TINY);
    const check = await verifyExtraction(model, extraction, images);
    expect(check.largestLogitDifference).toBeLessThan(1e-4);
  });

  it('reads a one-channel stem', async () => {
    const grey = randomNet(TINY, { imageChannels: 1 });
    const model = exportNet(grey);
    const extraction = extractFromOnnx(model, TINY);
    const noise = noiseImages(1, SIDE, SIDE, { least: -2, greatest: 2 });
    await verifyExtraction(model, extraction, noise);
    expect(extraction.net.stem.conv.inputs).toBe(1);
  });

  it('reads what the compiler writes itself', () => {
    const again = netFromOnnx(emitFloat(net), TINY);
    expect(again.blocks[1]?.layers[2]?.conv2).toEqual(net.blocks[1]?.layers[2]?.conv2);
    expect(again.head.weights).toEqual(net.head.weights);
  });

  it('knows the size of a fixed graph', () => {
    expect(
      extractFromOnnx(exportNet(net, { size: SIDE, layout: 'channels-last', head: 'reduce-mean' }), TINY).input,
    ).toEqual({
      name: 'pixels',
      axes: 'NHWC',
      height: SIDE,
      width: SIDE,
    });
  });

  it('recognises DenseNet-121 at its full size', () => {
    const whole = randomNet({ blocks: [6, 12, 24, 16], growth: 32, stem: 64, bottleneck: 128 }, { labels: 14 });
    expect(netFromOnnx(exportNet(whole, { norms: 'arithmetic' })).head).toEqual(whole.head);
  });
});

describe('refusals', () => {
  const change = (model: OnnxModel, edit: (node: OnnxNode, index: number) => OnnxNode): OnnxModel => ({
    ...model,
    graph: { ...model.graph, nodes: model.graph.nodes.map(edit) },
  });
  const refusal = (model: OnnxModel): string => {
    try {
      netFromOnnx(model, TINY);
    } catch (error) {
      expect(error).toMatchObject({ code: 'MODEL_INVALID' });
      return (error as Error).message;
    }
    throw new Error('was accepted');
  };

  it('a ResNet, naming the first sum', () => {
    const model = exportNet(net);
    const concat = model.graph.nodes.findIndex(({ opType, inputs }) => opType === 'Concat' && inputs.length === 2);
    const residual = change(model, (node, index) =>
      index === concat ? { ...node, opType: 'Add', name: 'layer1.add' } : node,
    );
    expect(refusal(residual)).toContain('at layer1.add (Add) there is an operation that adds two feature maps');
  });

  it('another number of layers', () => {
    const other = randomNet({ ...TINY, blocks: [2, 4, 2] });
    expect(refusal(exportNet(other))).toContain('a block 2 of 3 dense layers, not 4');
  });

  it('another activation, where it stands', () => {
    const model = exportNet(net);
    let count = 0;
    const leaky = change(model, (node) =>
      node.opType === 'Relu' && ++count === 4 ? { ...node, opType: 'Elu' } : node,
    );
    expect(refusal(leaky)).toMatch(/at v\d+ \(Elu\) there is an operation that DenseNet does not have/);
  });

  it('an image whose mean is subtracted in the graph', () => {
    expect(refusal(exportNet(net, { scaled: { scale: 2, shift: -1 } }))).toContain(
      'subtract the mean outside the graph',
    );
  });

  it('a pooling of another size', () => {
    const model = change(exportNet(net), (node) =>
      node.opType === 'MaxPool'
        ? { ...node, attributes: { ...node.attributes, kernel_shape: { kind: 'ints', value: [2, 2] } } }
        : node,
    );
    expect(refusal(model)).toContain('2x2 max pooling');
  });

  it('concatenations that double without end', () => {
    const model = exportNet(net);
    const bomb = Array.from(
      { length: 60 },
      (_, index): OnnxNode => ({
        name: '',
        opType: 'Concat',
        domain: '',
        inputs: index === 0 ? ['pixels', 'pixels'] : [`b${index - 1}`, `b${index - 1}`],
        outputs: [`b${index}`],
        attributes: { axis: { kind: 'int', value: 1 } },
      }),
    );
    const output = { name: 'b59', type: 1 as const, dims: null };
    expect(refusal({ ...model, graph: { ...model.graph, nodes: bomb, outputs: [output] } })).toContain('joins');
  });

  it('a net that is not the graph, telling where they part', async () => {
    const model = exportNet(net);
    const extraction = extractFromOnnx(model, TINY);
    const wrong = structuredClone(extraction.net) as DenseNet;
    const weights = wrong.blocks[1]?.layers[1]?.conv2.weights;
    weights?.set(weights.map((value) => -value));
    await expect(verifyExtraction(model, { ...extraction, net: wrong }, images)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/logit \d differs by .*; they part in block 2, whose features are at v\d+/),
    });
  });
});

const shared = sharedData();

describe.skipIf(shared === undefined)('the demo model in FP32 (needs ../shared)', () => {
  it('is extracted within 1e-3 of its logits', async () => {
    const model = decodeModel(await readFile(join(shared ?? '', 'model', 'chexnet-demo.fp32.onnx')));
    const extraction = extractFromOnnx(model);
    const check = await verifyExtraction(model, extraction, noiseImages(3, 128, 128, { least: -2.1, greatest: 2.6 }));
    expect(check.largestLogitDifference).toBeLessThan(1e-3);
    expect(extraction.net.head.labels).toBe(14);
  });
});
