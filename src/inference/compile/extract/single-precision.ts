/** An ONNX graph with its half precision numbers as float32. */
import {
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  OnnxType,
  type OnnxValueInfo,
} from '../onnx/model.ts';
import { floatTensor, floatValues } from '../onnx/tensor.ts';

/**
 * The same weights in float32 arithmetic: what is extracted can be compared with it digit by digit, while half precision would
 * round every feature map.
 */
export function inSinglePrecision(model: OnnxModel): OnnxModel {
  const { graph } = model;
  return {
    ...model,
    graph: {
      ...graph,
      nodes: graph.nodes.map(widenNode),
      initializers: graph.initializers.map(widenTensor),
      inputs: graph.inputs.map(widenInfo),
      outputs: graph.outputs.map(widenInfo),
    },
  };
}

function widenTensor(tensor: OnnxTensor): OnnxTensor {
  return tensor.type === OnnxType.FLOAT16 ? floatTensor(tensor.name, tensor.dims, floatValues(tensor)) : tensor;
}

function widenInfo(info: OnnxValueInfo): OnnxValueInfo {
  return info.type === OnnxType.FLOAT16 ? { ...info, type: OnnxType.FLOAT } : info;
}

function widenNode(node: OnnxNode): OnnxNode {
  const entries = Object.entries(node.attributes).map(([name, attribute]): [string, OnnxAttribute] => {
    if (attribute.kind === 'tensor') return [name, { kind: 'tensor', value: widenTensor(attribute.value) }];
    const toHalf = node.opType === 'Cast' && name === 'to' && attribute.kind === 'int';
    return [name, toHalf && attribute.value === OnnxType.FLOAT16 ? { kind: 'int', value: OnnxType.FLOAT } : attribute];
  });
  return { ...node, attributes: Object.fromEntries(entries) };
}
