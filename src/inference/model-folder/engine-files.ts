/** The graphs of a model folder as the compiler makes them from weights and calibration. */
import { createHash } from 'node:crypto';
import type { Calibration } from '../compile/calibration.ts';
import type { DenseNet } from '../compile/dense-net.ts';
import { emitFloat } from '../compile/emit-float.ts';
import { emitInt8 } from '../compile/emit-int8.ts';
import { FLOAT_FILE } from '../compile/import-model.ts';
import { encodeModel } from '../compile/onnx/encode.ts';
import { CLASS_ACTIVATION_MAP, IMAGE, LOGIT, PROBABILITY } from '../compile/tensor-names.ts';
import type { Engine } from '../engine.ts';
import type { ModelManifest } from '../manifest.ts';

/** What an engine is, apart from its bytes. */
export type EngineKind = Pick<Engine, 'precision' | 'weightBits'>;

/** Names of the files by kind. */
export function fileOf({ precision, weightBits }: EngineKind): string {
  if (precision === 'FP32') return FLOAT_FILE;
  return weightBits === 7 ? 'model.int8-7bit.onnx' : 'model.int8.onnx';
}

/**
 * Bytes of one graph; the same arguments give the same bytes.
 *
 * @param calibration - for INT8
 */
export function makeGraph(
  kind: EngineKind,
  net: DenseNet,
  calibration: Calibration | null,
  { input, preprocessing }: Pick<ModelManifest, 'input' | 'preprocessing'>,
): Uint8Array {
  if (kind.precision === 'FP32' || calibration === null) return encodeModel(emitFloat(net));
  const { height, width } = input;
  return encodeModel(
    emitInt8(net, calibration, { height, width, reduceRange: kind.weightBits === 7, normalisation: preprocessing }),
  );
}

/** Names of what goes into these graphs and comes out. A cropped model gives no map (see the manifest's schema). */
export function graphNames({ preprocessing }: Pick<ModelManifest, 'preprocessing'>): {
  readonly input: string;
  readonly outputs: ModelManifest['outputs'];
} {
  const classActivationMap = preprocessing.crop === 'none' ? CLASS_ACTIVATION_MAP : null;
  return { input: IMAGE, outputs: { probability: PROBABILITY, logit: LOGIT, classActivationMap } };
}

/** SHA-256, 64 lower-case hexadecimal digits. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
