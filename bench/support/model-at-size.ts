/**
 * The shipped model with another input size, for measurements only: CheXNet's own size is 224 x 224, the demonstration
 * model was trained at 128 x 128. The network is fully convolutional, so three places of the ONNX file name the size:
 * the shape of the input, and the two Reshape constants of the stem's space-to-depth step.
 *
 * ONNX is protocol buffers (onnx/onnx.proto); only the fields on the way to those places are decoded, all else is
 * copied byte for byte.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_FILE, type ModelManifest } from '../../src/inference/manifest.ts';
import type { ModelPackage } from '../../src/inference/registry.ts';

/**
 * Writes a model folder whose model takes size x size pixels.
 *
 * @param source - a model with a square input whose stem is such a space-to-depth step
 * @param size - side of the input in pixels, a multiple of 32
 * @param directory - folder to write, made if need be
 * @throws Error when the model does not have that stem
 */
export async function writeModelAtSize(source: ModelPackage, size: number, directory: string): Promise<ModelPackage> {
  const { manifest } = source;
  const model = await readFile(join(source.directory, manifest.file));
  const resized = resizeModel(model, manifest.input.name, manifest.input.height, size);
  const digest = createHash('sha256').update(resized).digest('hex');
  const resizedManifest: ModelManifest = {
    ...manifest,
    version: `${manifest.version}-${size}`,
    description: `${manifest.description} Input changed to ${size} x ${size} for measurements of speed.`,
    sha256: digest,
    input: { ...manifest.input, height: size, width: size },
    thresholdsOrigin: { ...manifest.thresholdsOrigin, operatingPoints: {} },
    metrics: [],
  };
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, manifest.file), resized);
  await writeFile(join(directory, MANIFEST_FILE), JSON.stringify(resizedManifest, null, 2));
  return { manifest: resizedManifest, directory, digest };
}

// Field numbers of onnx.proto.
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const GRAPH_INPUT = 11;
const VALUE_INFO_NAME = 1;
const VALUE_INFO_TYPE = 2;
const TYPE_TENSOR = 1;
const TENSOR_TYPE_SHAPE = 2;
const SHAPE_DIMENSION = 1;
const DIMENSION_VALUE = 1;
const TENSOR_RAW_DATA = 9;

function resizeModel(model: Uint8Array, inputName: string, from: number, to: number): Uint8Array {
  // [films, channels, rows, columns] -> rows and columns halved, 2 x 2 x 3 values a position.
  const constants = [from, to].map((size) => [
    int64s([-1, size / 2, 2, size / 2, 6]),
    int64s([-1, size / 2, size / 2, 12]),
  ]);
  const [before = [], after = []] = constants;
  const oldDimension = varintField(DIMENSION_VALUE, from);
  const newDimension = varintField(DIMENSION_VALUE, to);
  let changes = 0;
  const replace = (value: Uint8Array, old: Uint8Array, replacement: Uint8Array): Uint8Array => {
    if (!equal(value, old)) return value;
    changes++;
    return replacement;
  };
  const resized = mapField(model, [MODEL_GRAPH], (graph) => {
    const withInput = mapField(graph, [GRAPH_INPUT], (input) =>
      fieldText(input, VALUE_INFO_NAME) === inputName
        ? mapField(input, [VALUE_INFO_TYPE, TYPE_TENSOR, TENSOR_TYPE_SHAPE, SHAPE_DIMENSION], (dimension) =>
            replace(dimension, oldDimension, newDimension),
          )
        : input,
    );
    return mapField(withInput, [GRAPH_INITIALIZER, TENSOR_RAW_DATA], (raw) =>
      before.reduce((value, old, index) => replace(value, old, after[index] ?? old), raw),
    );
  });
  const expected = 2 + before.length;
  if (changes !== expected) throw new Error(`the model names its size in ${changes} places instead of ${expected}`);
  return resized;
}

const LENGTH_DELIMITED = 2;

interface Field {
  readonly number: number;
  readonly wireType: number;
  /** From the tag on. */
  readonly start: number;
  /** Of the value without tag and length. */
  readonly valueStart: number;
  readonly end: number;
}

function* fieldsOf(message: Uint8Array): Generator<Field> {
  let offset = 0;
  while (offset < message.length) {
    const start = offset;
    const tag = readVarint(message, offset);
    const wireType = tag.value & 7;
    let valueStart = tag.end;
    if (wireType === 0) offset = readVarint(message, valueStart).end;
    else if (wireType === 1) offset = valueStart + 8;
    else if (wireType === 5) offset = valueStart + 4;
    else if (wireType === LENGTH_DELIMITED) {
      const length = readVarint(message, valueStart);
      valueStart = length.end;
      offset = length.end + length.value;
    } else throw new Error(`wire type ${wireType} is not in use`);
    yield { number: tag.value >>> 3, wireType, start, valueStart, end: offset };
  }
}

/** The message with every value at a path of length-delimited fields changed. */
function mapField(message: Uint8Array, path: readonly number[], change: (value: Uint8Array) => Uint8Array): Uint8Array {
  const [number, ...rest] = path;
  if (number === undefined) return change(message);
  const parts: Uint8Array[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number !== number || field.wireType !== LENGTH_DELIMITED) {
      parts.push(message.subarray(field.start, field.end));
      continue;
    }
    const value = mapField(message.subarray(field.valueStart, field.end), rest, change);
    parts.push(varint(number * 8 + LENGTH_DELIMITED), varint(value.length), value);
  }
  return Buffer.concat(parts);
}

function fieldText(message: Uint8Array, number: number): string | undefined {
  for (const field of fieldsOf(message)) {
    if (field.number === number) return Buffer.from(message.subarray(field.valueStart, field.end)).toString('utf8');
  }
  return undefined;
}

/** Values above 2^31 do not occur in tags, lengths and sizes; in other fields only the end counts. */
function readVarint(message: Uint8Array, offset: number): { value: number; end: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = message[offset++];
    if (byte === undefined) throw new Error('the model file is truncated');
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: offset };
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest < 128 ? rest : (rest % 128) | 0x80);
    if (rest < 128) return Uint8Array.from(bytes);
  }
}

function varintField(number: number, value: number): Uint8Array {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

function int64s(values: readonly number[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
