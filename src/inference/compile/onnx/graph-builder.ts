/** Puts a graph together, node by node, in the order in which it runs. */
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from './model.ts';

/** ONNX's own operator set, and ONNX Runtime's additions to it. */
const ONNX_OPSET = 21;
export const MICROSOFT = 'com.microsoft';

/** IR version of ONNX 1.16, the first with operator set 21. */
const IR_VERSION = 10;

/** What {@link GraphBuilder.node} needs beside operator and inputs. */
export interface NodeOptions {
  /** Of the node and of its output. */
  readonly name: string;
  readonly domain?: string;
  /** Integers, or lists of integers. */
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
  readonly floats?: Readonly<Record<string, number>>;
}

/** A graph under construction. Names are given by the caller and must be unique. */
export class GraphBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxTensor>();

  /** Adds a constant; returns its name. A constant of a name that is there already must be the same one. */
  constant(tensor: OnnxTensor): string {
    this.#initializers.set(tensor.name, tensor);
    return tensor.name;
  }

  /** Adds an operation with one output; returns the output's name. */
  node(opType: string, inputs: readonly string[], options: NodeOptions): string {
    const { name, domain = '', attributes = {}, floats = {} } = options;
    const integers = Object.entries(attributes).map(([key, value]) => [key, integerAttribute(value)] as const);
    const reals = Object.entries(floats).map(([key, value]) => [key, { kind: 'float', value }] as const);
    this.#nodes.push({
      name,
      opType,
      domain,
      inputs,
      outputs: [name],
      attributes: Object.fromEntries<OnnxAttribute>([...integers, ...reals]),
    });
    return name;
  }

  /** The finished model. */
  build(
    name: string,
    inputs: readonly OnnxValueInfo[],
    outputs: readonly OnnxValueInfo[],
    metadata: Readonly<Record<string, string>> = {},
  ): OnnxModel {
    const initializers = [...this.#initializers.values()];
    return {
      irVersion: IR_VERSION,
      producerName: 'cxr-gateway',
      opsets: [
        { domain: '', version: ONNX_OPSET },
        { domain: MICROSOFT, version: 1 },
      ],
      graph: { name, nodes: this.#nodes, initializers, inputs, outputs },
      metadata,
    };
  }
}

function integerAttribute(value: number | readonly number[]): OnnxAttribute {
  return typeof value === 'number' ? { kind: 'int', value } : { kind: 'ints', value };
}
