import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { GatewayError } from '../../../src/errors.ts';
import { decodeModel } from '../../../src/inference/compile/onnx/decode.ts';
import { encodeModel } from '../../../src/inference/compile/onnx/encode.ts';
import { type OnnxModel, type OnnxTensor, OnnxType } from '../../../src/inference/compile/onnx/model.ts';
import { floatTensor, floatValues, halfToFloat, integerValues } from '../../../src/inference/compile/onnx/tensor.ts';
import { WireWriter } from '../../../src/inference/compile/onnx/wire-writer.ts';
import { GraphRunner } from '../../../src/inference/graph-runner.ts';
import { sharedData } from '../../support/shared.ts';
import { random } from './tiny-net.ts';

const tensor = floatTensor('weights', [2, 2], Float32Array.of(1, -2, 0.5, 3e-40));

const model: OnnxModel = {
  irVersion: 10,
  producerName: 'test',
  opsets: [{ domain: '', version: 21 }],
  graph: {
    name: 'everything',
    nodes: [
      {
        name: 'node',
        opType: 'Something',
        domain: 'com.example',
        inputs: ['image', '', 'weights'],
        outputs: ['result'],
        attributes: {
          end: { kind: 'int', value: -3 },
          list: { kind: 'ints', value: [0, -1, 2 ** 40] },
          epsilon: { kind: 'float', value: 0.5 },
          scales: { kind: 'floats', value: [1, 0.25] },
          mode: { kind: 'string', value: 'größer' },
          names: { kind: 'strings', value: ['a', ''] },
          value: { kind: 'tensor', value: tensor },
        },
      },
    ],
    initializers: [tensor, { name: 'scalar', type: OnnxType.UINT8, dims: [], data: Uint8Array.of(7) }],
    inputs: [{ name: 'image', type: OnnxType.FLOAT, dims: ['n', 3, '', 224] }],
    outputs: [{ name: 'result', type: OnnxType.FLOAT, dims: null }],
  },
  metadata: { a: '1', b: '2' },
};

/** A model file around one initializer. */
function fileWith(initializer: WireWriter): Uint8Array {
  return new WireWriter().integer(1, 8).message(7, new WireWriter().message(5, initializer)).finish();
}

const onlyTensor = (initializer: WireWriter): OnnxTensor => {
  const [first] = decodeModel(fileWith(initializer)).graph.initializers;
  if (first === undefined) throw new Error('no initializer');
  return first;
};

const codeOf = (bytes: Uint8Array): string => {
  try {
    decodeModel(bytes);
    return 'read';
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
};

describe('a model file', () => {
  it('comes back as it was written', () => {
    expect(decodeModel(encodeModel(model))).toEqual(model);
  });

  it('is the same bytes whatever the order of attributes and metadata', () => {
    const [node] = model.graph.nodes;
    if (node === undefined) throw new Error('no node');
    const attributes = Object.fromEntries(Object.entries(node.attributes).reverse());
    const turned = {
      ...model,
      metadata: { b: '2', a: '1' },
      graph: { ...model.graph, nodes: [{ ...node, attributes }] },
    };
    expect(encodeModel(turned)).toEqual(encodeModel(model));
  });

  it('keeps the greatest int64, which means "to the end"', () => {
    const end = { kind: 'ints', value: [Number(2n ** 63n - 1n), Number.MIN_SAFE_INTEGER] } as const;
    const [node] = model.graph.nodes;
    if (node === undefined) throw new Error('no node');
    const bytes = encodeModel({ ...model, graph: { ...model.graph, nodes: [{ ...node, attributes: { end } }] } });
    expect(decodeModel(bytes).graph.nodes[0]?.attributes).toEqual({ end });
    expect(Buffer.from(bytes).includes(Buffer.from('ffffffffffffffff7f', 'hex'))).toBe(true);
  });

  it('is refused wherever it is cut off', () => {
    const bytes = encodeModel(model);
    const codes = new Set<string>();
    for (let length = 0; length < bytes.length; length++) codes.add(codeOf(bytes.subarray(0, length)));
    // A cut between two fields leaves a shorter, well-formed message.
    expect([...codes].sort()).toEqual(['MODEL_INVALID', 'read']);
    expect(codeOf(bytes.subarray(0, bytes.length - 1))).toBe('MODEL_INVALID');
  });

  it('never fails otherwise than by MODEL_INVALID, whatever bytes are changed', () => {
    const next = random(3);
    const bytes = encodeModel(model);
    const codes = new Set<string>();
    for (let round = 0; round < 3000; round++) {
      const changed = bytes.slice();
      for (let change = 0; change < 1 + (round % 3); change++) {
        changed[Math.floor(((next() + 1) / 2) * bytes.length)] = Math.floor((next() + 1) * 128);
      }
      codes.add(codeOf(changed));
    }
    expect([...codes].sort()).toEqual(['MODEL_INVALID', 'read']);
  });

  it('is refused when it is something else', () => {
    expect(codeOf(Buffer.from('<!DOCTYPE html><html>Not found</html>'))).toBe('MODEL_INVALID');
    expect(codeOf(new Uint8Array(0))).toBe('MODEL_INVALID');
  });

  it('is refused when its values lie in another file', () => {
    const entry = new WireWriter().text(1, 'location').text(2, 'weights.bin');
    const external = new WireWriter().integer(1, 4).integer(2, 1).text(8, 'w').message(13, entry).integer(14, 1);
    expect(() => decodeModel(fileWith(external))).toThrow(/tensor w lie in another file.*one file/);
  });

  it('is refused when a tensor is not as large as it says, or absurdly large', () => {
    const sized = (...dims: number[]) => {
      const writer = new WireWriter();
      for (const size of dims) writer.integer(1, size);
      return fileWith(writer.integer(2, 1).bytes(9, new Uint8Array(8)));
    };
    expect(codeOf(sized(2))).toBe('read');
    for (const dims of [[3], [-2], [2 ** 40, 2 ** 40], [-1, -2]]) expect(codeOf(sized(...dims))).toBe('MODEL_INVALID');
  });

  it('is refused when it has subgraphs or local functions', () => {
    const attribute = new WireWriter().text(1, 'then_branch').message(6, new WireWriter()).integer(20, 5);
    const graph = new WireWriter().message(1, new WireWriter().text(4, 'If').message(5, attribute));
    expect(() => decodeModel(new WireWriter().integer(1, 8).message(7, graph).finish())).toThrow('then_branch');
    const functions = new WireWriter().integer(1, 8).message(7, new WireWriter()).message(25, new WireWriter());
    expect(() => decodeModel(functions.finish())).toThrow('local functions');
  });
});

describe('values of a tensor', () => {
  it('are the same from every field that can hold them', () => {
    const floats = new Uint8Array(Float32Array.of(1.5, -2).buffer);
    const sized = (type: number) => new WireWriter().integer(1, 2).integer(2, type);
    expect([...floatValues(onlyTensor(sized(OnnxType.FLOAT).bytes(9, floats)))]).toEqual([1.5, -2]);
    expect([...floatValues(onlyTensor(sized(OnnxType.FLOAT).bytes(4, floats)))]).toEqual([1.5, -2]);
    expect([...floatValues(onlyTensor(sized(OnnxType.FLOAT).float(4, 1.5).float(4, -2)))]).toEqual([1.5, -2]);
    const doubles = new Uint8Array(Float64Array.of(0.1, 7).buffer);
    expect([...floatValues(onlyTensor(sized(OnnxType.DOUBLE).bytes(10, doubles)))]).toEqual([Math.fround(0.1), 7]);
    const halves = sized(OnnxType.FLOAT16).integer(5, 0x3c00).integer(5, 0xc000);
    expect([...floatValues(onlyTensor(halves))]).toEqual([1, -2]);
    const brain = sized(OnnxType.BFLOAT16).integer(5, 0x3f80).integer(5, 0xc000);
    expect([...floatValues(onlyTensor(brain))]).toEqual([1, -2]);
    const small = sized(OnnxType.INT8).integer(5, -1).integer(5, 127);
    expect(integerValues(onlyTensor(small))).toEqual([-1, 127]);
    expect(integerValues(onlyTensor(sized(OnnxType.INT32).bytes(5, Uint8Array.of(3, 4))))).toEqual([3, 4]);
    expect(
      integerValues(
        onlyTensor(
          sized(OnnxType.INT64)
            .integer(7, -5)
            .integer(7, 2 ** 45),
        ),
      ),
    ).toEqual([-5, 2 ** 45]);
  });

  it('are asked for by the right kind', () => {
    expect(() => integerValues(tensor)).toThrow('weights holds no integers');
    expect(() => floatValues({ ...tensor, type: OnnxType.INT32 })).toThrow('weights holds no floating-point numbers');
  });

  it('of 16 bits are exact', () => {
    const bits = [0x0000, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x8000, 0xfc00, 0x3555];
    const values = [0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, -0, Number.NEGATIVE_INFINITY, 0.333251953125];
    expect(bits.map(halfToFloat)).toEqual(values);
    expect(halfToFloat(0x7e00)).toBeNaN();
  });
});

const shared = sharedData();

describe.skipIf(shared === undefined)('real model files (needs ../shared)', () => {
  test.each(['chexnet-demo.fp32.onnx', 'chexnet-demo.int8-128.onnx'])(
    '%s computes the same written again',
    async (file) => {
      const original = await readFile(join(shared ?? '', 'model', file));
      const next = random(4);
      const image = { dims: [1, 3, 128, 128], data: Float32Array.from({ length: 3 * 128 * 128 }, () => 2 * next()) };
      const written = encodeModel(decodeModel(original));
      // Not toEqual, which takes seconds for 28 MB.
      expect(Buffer.compare(encodeModel(decodeModel(written)), written)).toBe(0);
      const results = [];
      for (const bytes of [original, written]) {
        const runner = await GraphRunner.load(bytes);
        results.push(await runner.run({ image }));
        await runner[Symbol.asyncDispose]();
      }
      expect(results[1]).toEqual(results[0]);
    },
  );
});
