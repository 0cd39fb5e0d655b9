/**
 * Reads an ONNX file (onnx.proto). Nothing in the file is trusted: lengths are checked against the bytes that are there,
 * sizes against the values, and the depth of the messages is that of the schema, because subgraphs are refused.
 */
import { decodeTensor, elementType } from './decode-tensor.ts';
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  DIMENSION,
  ENTRY,
  GRAPH,
  MODEL,
  NODE,
  OPSET,
  SHAPE,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from './fields.ts';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxType, OnnxValueInfo } from './model.ts';
import { malformed, WireReader } from './wire-reader.ts';

/**
 * The model of a file. Tensors are views of `bytes`, not copies, where the file holds them raw.
 *
 * @throws GatewayError MODEL_INVALID when the bytes are no ONNX model, are truncated, or hold what this project does not
 *   read: subgraphs, local functions, sparse tensors, values in other files
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  // Not a Buffer, whose slice() does not copy.
  const reader = new WireReader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  let irVersion = 0;
  let producerName = '';
  let graph: OnnxGraph | undefined;
  const opsets: { domain: string; version: number }[] = [];
  const metadata: [string, string][] = [];
  while (reader.next()) {
    if (reader.field === MODEL.irVersion) irVersion = reader.integer();
    else if (reader.field === MODEL.producerName) producerName = reader.text();
    else if (reader.field === MODEL.graph) graph = decodeGraph(reader.message());
    else if (reader.field === MODEL.opsetImport) opsets.push(decodeOpset(reader.message()));
    else if (reader.field === MODEL.metadataProps) metadata.push(decodeEntry(reader.message()));
    else if (reader.field === MODEL.functions) throw malformed('it holds local functions: export it with them inlined');
  }
  if (graph === undefined || irVersion < 1) throw malformed('it is no ONNX model');
  return { irVersion, producerName, opsets, graph, metadata: Object.fromEntries(metadata) };
}

function decodeOpset(reader: WireReader): { domain: string; version: number } {
  let domain = '';
  let version = 0;
  while (reader.next()) {
    if (reader.field === OPSET.domain) domain = domainName(reader.text());
    else if (reader.field === OPSET.version) version = reader.integer();
  }
  return { domain, version };
}

/** "ai.onnx" is another name of ONNX's own operator set. */
function domainName(name: string): string {
  return name === 'ai.onnx' ? '' : name;
}

function decodeEntry(reader: WireReader): [string, string] {
  let key = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === ENTRY.key) key = reader.text();
    else if (reader.field === ENTRY.value) value = reader.text();
  }
  return [key, value];
}

function decodeGraph(reader: WireReader): OnnxGraph {
  let name = '';
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValueInfo[] = [];
  const outputs: OnnxValueInfo[] = [];
  while (reader.next()) {
    if (reader.field === GRAPH.node) nodes.push(decodeNode(reader.message()));
    else if (reader.field === GRAPH.name) name = reader.text();
    else if (reader.field === GRAPH.initializer) initializers.push(decodeTensor(reader.message()));
    else if (reader.field === GRAPH.input) inputs.push(decodeValueInfo(reader.message()));
    else if (reader.field === GRAPH.output) outputs.push(decodeValueInfo(reader.message()));
    else if (reader.field === GRAPH.sparseInitializer) throw malformed('it holds sparse tensors');
  }
  return { name, nodes, initializers, inputs, outputs };
}

function decodeNode(reader: WireReader): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: [string, OnnxAttribute][] = [];
  let name = '';
  let opType = '';
  let domain = '';
  while (reader.next()) {
    if (reader.field === NODE.input) inputs.push(reader.text());
    else if (reader.field === NODE.output) outputs.push(reader.text());
    else if (reader.field === NODE.name) name = reader.text();
    else if (reader.field === NODE.opType) opType = reader.text();
    else if (reader.field === NODE.attribute) attributes.push(decodeAttribute(reader.message()));
    else if (reader.field === NODE.domain) domain = domainName(reader.text());
  }
  return { name, opType, domain, inputs, outputs, attributes: Object.fromEntries(attributes) };
}

function decodeAttribute(reader: WireReader): [string, OnnxAttribute] {
  let name = '';
  let type = 0;
  let float = 0;
  let int = 0;
  let string = '';
  let tensor: OnnxTensor | undefined;
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  while (reader.next()) {
    if (reader.field === ATTRIBUTE.name) name = reader.text();
    else if (reader.field === ATTRIBUTE.type) type = reader.integer();
    else if (reader.field === ATTRIBUTE.f) float = reader.float();
    else if (reader.field === ATTRIBUTE.i) int = reader.integer();
    else if (reader.field === ATTRIBUTE.s) string = reader.text();
    else if (reader.field === ATTRIBUTE.t) tensor = decodeTensor(reader.message());
    else if (reader.field === ATTRIBUTE.floats) append(floats, reader.floats());
    else if (reader.field === ATTRIBUTE.ints) append(ints, reader.integers());
    else if (reader.field === ATTRIBUTE.strings) strings.push(reader.text());
  }
  if (type === ATTRIBUTE_TYPE.float) return [name, { kind: 'float', value: float }];
  if (type === ATTRIBUTE_TYPE.int) return [name, { kind: 'int', value: int }];
  if (type === ATTRIBUTE_TYPE.string) return [name, { kind: 'string', value: string }];
  if (type === ATTRIBUTE_TYPE.floats) return [name, { kind: 'floats', value: floats }];
  if (type === ATTRIBUTE_TYPE.ints) return [name, { kind: 'ints', value: ints }];
  if (type === ATTRIBUTE_TYPE.strings) return [name, { kind: 'strings', value: strings }];
  if (type === ATTRIBUTE_TYPE.tensor && tensor !== undefined) return [name, { kind: 'tensor', value: tensor }];
  throw malformed(`attribute ${name} is of kind ${type} (a subgraph, for example), which a plain net does not have`);
}

function decodeValueInfo(reader: WireReader): OnnxValueInfo {
  let name = '';
  let tensor: Omit<OnnxValueInfo, 'name'> | undefined;
  while (reader.next()) {
    if (reader.field === VALUE_INFO.name) name = reader.text();
    else if (reader.field === VALUE_INFO.type) {
      const type = reader.message();
      while (type.next()) if (type.field === TYPE.tensor) tensor = decodeTensorType(type.message());
    }
  }
  if (tensor === undefined) throw malformed(`${name} is an input or output of the graph and no tensor`);
  return { name, ...tensor };
}

function decodeTensorType(reader: WireReader): Omit<OnnxValueInfo, 'name'> {
  let type: OnnxType | undefined;
  let dims: (number | string)[] | null = null;
  while (reader.next()) {
    if (reader.field === TENSOR_TYPE.elementType) type = elementType(reader.integer());
    else if (reader.field === TENSOR_TYPE.shape) {
      const shape = reader.message();
      dims = [];
      while (shape.next()) if (shape.field === SHAPE.dimension) dims.push(decodeDimension(shape.message()));
    }
  }
  if (type === undefined) throw malformed('an input or output of the graph has no element type');
  return { type, dims };
}

function decodeDimension(reader: WireReader): number | string {
  let dimension: number | string = '';
  while (reader.next()) {
    if (reader.field === DIMENSION.value) dimension = reader.integer();
    else if (reader.field === DIMENSION.parameter) dimension = reader.text();
  }
  return dimension;
}

/** Not `push(...values)`: a long list would overflow the stack. */
function append<Value>(list: Value[], values: readonly Value[]): void {
  for (const value of values) list.push(value);
}
