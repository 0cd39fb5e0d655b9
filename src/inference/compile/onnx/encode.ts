/** Writes an ONNX file (onnx.proto). */
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
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from './fields.ts';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from './model.ts';
import { WireWriter } from './wire-writer.ts';

/**
 * The model as the bytes of a file. The same model gives the same bytes: fields are written in the order of their
 * numbers, attributes and metadata in the order of their names.
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const writer = new WireWriter()
    .integer(MODEL.irVersion, model.irVersion)
    .text(MODEL.producerName, model.producerName)
    .message(MODEL.graph, encodeGraph(model.graph));
  for (const { domain, version } of model.opsets) {
    writer.message(MODEL.opsetImport, new WireWriter().text(OPSET.domain, domain).integer(OPSET.version, version));
  }
  for (const [key, value] of sorted(model.metadata)) {
    writer.message(MODEL.metadataProps, new WireWriter().text(ENTRY.key, key).text(ENTRY.value, value));
  }
  return writer.finish();
}

function encodeGraph(graph: OnnxGraph): WireWriter {
  const writer = new WireWriter();
  for (const node of graph.nodes) writer.message(GRAPH.node, encodeNode(node));
  writer.text(GRAPH.name, graph.name);
  for (const tensor of graph.initializers) writer.message(GRAPH.initializer, encodeTensor(tensor));
  for (const input of graph.inputs) writer.message(GRAPH.input, encodeValueInfo(input));
  for (const output of graph.outputs) writer.message(GRAPH.output, encodeValueInfo(output));
  return writer;
}

function encodeNode(node: OnnxNode): WireWriter {
  const writer = new WireWriter();
  for (const input of node.inputs) writer.text(NODE.input, input);
  for (const output of node.outputs) writer.text(NODE.output, output);
  writer.text(NODE.name, node.name).text(NODE.opType, node.opType);
  for (const [name, attribute] of sorted(node.attributes)) {
    writer.message(NODE.attribute, encodeAttribute(name, attribute));
  }
  return node.domain === '' ? writer : writer.text(NODE.domain, node.domain);
}

function encodeAttribute(name: string, attribute: OnnxAttribute): WireWriter {
  const writer = new WireWriter().text(ATTRIBUTE.name, name);
  switch (attribute.kind) {
    case 'float':
      writer.float(ATTRIBUTE.f, attribute.value);
      break;
    case 'int':
      writer.integer(ATTRIBUTE.i, attribute.value);
      break;
    case 'string':
      writer.text(ATTRIBUTE.s, attribute.value);
      break;
    case 'tensor':
      writer.message(ATTRIBUTE.t, encodeTensor(attribute.value));
      break;
    case 'floats':
      for (const value of attribute.value) writer.float(ATTRIBUTE.floats, value);
      break;
    case 'ints':
      for (const value of attribute.value) writer.integer(ATTRIBUTE.ints, value);
      break;
    case 'strings':
      for (const value of attribute.value) writer.text(ATTRIBUTE.strings, value);
      break;
  }
  return writer.integer(ATTRIBUTE.type, ATTRIBUTE_TYPE[attribute.kind]);
}

function encodeTensor(tensor: OnnxTensor): WireWriter {
  const writer = new WireWriter();
  for (const size of tensor.dims) writer.integer(TENSOR.dims, size);
  return writer.integer(TENSOR.dataType, tensor.type).text(TENSOR.name, tensor.name).bytes(TENSOR.rawData, tensor.data);
}

function encodeValueInfo(value: OnnxValueInfo): WireWriter {
  const tensor = new WireWriter().integer(TENSOR_TYPE.elementType, value.type);
  if (value.dims !== null) {
    const shape = new WireWriter();
    for (const size of value.dims) shape.message(SHAPE.dimension, encodeDimension(size));
    tensor.message(TENSOR_TYPE.shape, shape);
  }
  return new WireWriter()
    .text(VALUE_INFO.name, value.name)
    .message(VALUE_INFO.type, new WireWriter().message(TYPE.tensor, tensor));
}

function encodeDimension(size: number | string): WireWriter {
  const writer = new WireWriter();
  if (typeof size === 'number') return writer.integer(DIMENSION.value, size);
  return size === '' ? writer : writer.text(DIMENSION.parameter, size);
}

function sorted<Value>(record: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1));
}
