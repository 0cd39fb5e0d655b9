/**
 * An ONNX model in memory: the part of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) that nets
 * without control flow use. decode.ts reads it, encode.ts writes it.
 */

/** TensorProto.DataType of the element types of fixed width. */
export const OnnxType = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  BFLOAT16: 16,
} as const;
export type OnnxType = (typeof OnnxType)[keyof typeof OnnxType];

/** Bytes of one element. */
export const ELEMENT_BYTES: Readonly<Record<OnnxType, number>> = {
  [OnnxType.FLOAT]: 4,
  [OnnxType.UINT8]: 1,
  [OnnxType.INT8]: 1,
  [OnnxType.UINT16]: 2,
  [OnnxType.INT16]: 2,
  [OnnxType.INT32]: 4,
  [OnnxType.INT64]: 8,
  [OnnxType.BOOL]: 1,
  [OnnxType.FLOAT16]: 2,
  [OnnxType.DOUBLE]: 8,
  [OnnxType.UINT32]: 4,
  [OnnxType.UINT64]: 8,
  [OnnxType.BFLOAT16]: 2,
};

/** A constant. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  /** Empty for a scalar. */
  readonly dims: readonly number[];
  /** The elements, row-major, little-endian; not necessarily aligned (see tensor.ts). */
  readonly data: Uint8Array;
}

/** Integers are exact within 2^53; the greatest int64, which exporters write for "to the end", keeps its meaning. */
export type OnnxAttribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: OnnxTensor };

/** One operation. */
export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  /** Operator set; empty for ONNX's own. */
  readonly domain: string;
  /** Names; empty where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A named input or output of the graph. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly type: OnnxType;
  /** A number, or the name of a dynamic dimension (empty when unnamed); null when the rank itself is unknown. */
  readonly dims: readonly (number | string)[] | null;
}

/** A graph without subgraphs. */
export interface OnnxGraph {
  readonly name: string;
  /** In an order in which they can run. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  /** Old files repeat the initializers here. */
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}

/** A whole file. */
export interface OnnxModel {
  readonly irVersion: number;
  readonly producerName: string;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly graph: OnnxGraph;
  readonly metadata: Readonly<Record<string, string>>;
}
