/** Attributes of ONNX nodes. */
import type { OnnxNode } from '../onnx/model.ts';

/** A whole number; `preset` where the node has none. */
export function integerAttribute({ attributes }: OnnxNode, name: string, preset: number): number {
  const attribute = attributes[name];
  return attribute?.kind === 'int' ? attribute.value : preset;
}

/** A number; `preset` where the node has none. */
export function floatAttribute({ attributes }: OnnxNode, name: string, preset: number): number {
  const attribute = attributes[name];
  return attribute?.kind === 'float' ? attribute.value : preset;
}

/** Whole numbers; null where the node has none. */
export function integersAttribute({ attributes }: OnnxNode, name: string): readonly number[] | null {
  const attribute = attributes[name];
  return attribute?.kind === 'ints' ? attribute.value : null;
}

/** A text; `preset` where the node has none. */
export function textAttribute({ attributes }: OnnxNode, name: string, preset: string): string {
  const attribute = attributes[name];
  return attribute?.kind === 'string' ? attribute.value : preset;
}
