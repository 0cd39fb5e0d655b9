/** The engines of a model version: the ONNX files that compute the same net in different number formats. */
import type { Config } from '../config.ts';
import type { ModelManifest } from './manifest.ts';
import { accumulatesIn32Bits, type Processor } from './processor.ts';
import type { ServingManifest } from './serving-manifest.ts';

/** Number format of a graph's weights. */
export type Precision = ModelManifest['precision'];

/** One ONNX file of a model version. */
export interface Engine {
  /** Name of the file in the model's folder. */
  readonly file: string;
  /** SHA-256 of the file, 64 lower-case hexadecimal digits. */
  readonly digest: string;
  readonly precision: Precision;
  /** Bits in use of each integer weight; 32 for FP32. */
  readonly weightBits: 7 | 8 | 32;
}

/** What INFERENCE_PRECISION may say. */
export type PrecisionSetting = Config['inference']['precision'];

/** Every engine of a model version, the main file's first. */
export function enginesOf(manifest: ServingManifest): readonly Engine[] {
  return [manifest, ...(manifest.alternatives ?? [])].map(({ file, sha256, precision, weightBits = 8 }) => ({
    file,
    digest: sha256,
    precision,
    weightBits: precision === 'FP32' ? 32 : weightBits,
  }));
}

/**
 * Whether an engine computes on this processor what it computed where it was evaluated. INT8 multiplies uint8
 * activations with int8 weights. A processor with VNNI adds the products up in 32 bits; one without adds pairs of them up in 16
 * bits first, where 2 x 255 x 127 saturates without a sign of it, but 2 x 255 x 63 does not: 7-bit weights are exact everywhere.
 */
export function isExact(engine: Engine, processor: Processor): boolean {
  return engine.weightBits !== 8 || accumulatesIn32Bits(processor);
}

/**
 * The engines to choose from on a processor: those that are exact there. 7-bit weights are no faster than 8-bit ones and less
 * faithful, so they stand in only where 8 bits are not exact.
 */
export function candidatesOf(manifest: ModelManifest, processor: Processor): readonly Engine[] {
  const exact = enginesOf(manifest).filter((engine) => isExact(engine, processor));
  return exact.some(({ weightBits }) => weightBits === 8) ? exact.filter(({ weightBits }) => weightBits !== 7) : exact;
}

/** Whether the operator's setting admits an engine. */
export function isAdmitted(engine: Engine, setting: PrecisionSetting): boolean {
  return setting === 'auto' || engine.precision === setting.toUpperCase();
}

/** An engine in a few words, for logs and messages. */
export function describeEngine({ precision, weightBits, digest }: Engine): string {
  const weights = precision === 'INT8' ? ` with ${weightBits}-bit weights` : '';
  return `${precision}${weights} (${digest.slice(0, 12)})`;
}
