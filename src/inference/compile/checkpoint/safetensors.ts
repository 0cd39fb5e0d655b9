/**
 * safetensors (https://github.com/huggingface/safetensors): eight bytes with the length of a JSON header, the header,
 * then the tensors. The file's own rules are kept: tensors lie without gaps and do not overlap.
 */
import { z } from 'zod';
import { GatewayError } from '../../../errors.ts';
import { decodeElements, ELEMENT_BYTES, type ElementType } from './element-types.ts';
import { floatToHalf } from './half.ts';
import { elementCount, invalid, type StateDict, type StateTensor } from './state-dict.ts';

const PREFIX_BYTES = 8;

/** The format's own limit is 100 MB; the header of DenseNet-121 has 80 KB. */
const MAXIMUM_HEADER_BYTES = 8 * 2 ** 20;

const METADATA = '__metadata__';

const tensorSchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.int().min(0)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});

interface Placed {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Whether bytes begin like a safetensors file. */
export function isSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > PREFIX_BYTES && bytes[PREFIX_BYTES] === 0x7b && headerLength(bytes) <= bytes.length;
}

/**
 * Reads every tensor.
 *
 * @returns in the order of their place in the file
 * @throws GatewayError MODEL_INVALID when the header is not what the format says, or tensors overlap, leave gaps, lie outside
 *   the file or are named twice
 */
export function readSafetensors(bytes: Uint8Array): StateDict {
  if (bytes.length < PREFIX_BYTES) throw invalid('a safetensors file has at least 8 bytes');
  const length = headerLength(bytes);
  const start = PREFIX_BYTES + length;
  if (length > MAXIMUM_HEADER_BYTES) throw invalid(`its header would have ${length} bytes`);
  if (start > bytes.length) throw invalid('it ends within its header');
  const data = bytes.subarray(start);
  const placed = parseHeader(bytes.subarray(PREFIX_BYTES, start)).sort((a, b) => a.begin - b.begin || a.end - b.end);
  const state = new Map<string, StateTensor>();
  let next = 0;
  for (const { name, type, dims, begin, end } of placed) {
    if (begin < next) throw invalid(`tensor ${name} overlaps the one before it`);
    if (begin > next) throw invalid(`there is a gap before tensor ${name}`);
    if (end > data.length) throw invalid(`tensor ${name} ends outside the file`);
    if (end - begin !== elementCount(dims, `tensor ${name}`) * ELEMENT_BYTES[type]) {
      throw invalid(`tensor ${name} has ${end - begin} bytes, which [${dims.join(', ')}] of ${type} has not`);
    }
    state.set(name, { dims, values: decodeElements(type, data.subarray(begin, end)) });
    next = end;
  }
  if (next !== data.length) throw invalid(`${data.length - next} bytes follow the last tensor`);
  return state;
}

function headerLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Number(view.getBigUint64(0, true));
}

function parseHeader(bytes: Uint8Array): Placed[] {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw invalid('its safetensors header is not JSON', cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw invalid('its header is no object');
  const entries = Object.entries(header).filter(([name]) => name !== METADATA);
  // JSON.parse keeps the last of two equal keys. Every tensor's entry has one "data_offsets", so their number tells.
  const named = text.match(/"data_offsets"\s*:/g)?.length ?? 0;
  if (named !== entries.length) throw invalid('its header names a tensor twice');
  return entries.map(([name, entry]) => {
    const parsed = tensorSchema.safeParse(entry);
    if (!parsed.success) throw invalid(`the header's entry of tensor ${name} is not what the format says`);
    const { dtype, shape, data_offsets: offsets } = parsed.data;
    if (!isElementType(dtype)) throw invalid(`tensor ${name} has the unknown number format ${dtype}`);
    const [begin, end] = offsets;
    if (end < begin) throw invalid(`tensor ${name} ends before it begins`);
    return { name, type: dtype, dims: shape, begin, end };
  });
}

function isElementType(name: string): name is ElementType {
  return Object.hasOwn(ELEMENT_BYTES, name);
}

/**
 * Writes a file; the same tensors in whatever order give the same bytes.
 *
 * @param precision - F16: tensors of two and more dimensions (the weights of convolutions and classifiers) are rounded to half
 *   precision, nearest, ties to even. Vectors (scales, shifts, biases) stay float32: they are 1 % of the numbers, and a
 *   scale may be so small that half precision has few digits left for it.
 * @throws GatewayError MODEL_INVALID when a number is not finite or too large for half precision
 */
export function writeSafetensors(state: StateDict, precision: 'F16' | 'F32'): Uint8Array {
  const typed = [...state].map(([name, tensor]) => ({
    name,
    tensor,
    type: precision === 'F16' && tensor.dims.length > 1 ? ('F16' as const) : ('F32' as const),
  }));
  // The wider format first, so that every tensor lies at a multiple of its number's size.
  typed.sort((a, b) => ELEMENT_BYTES[b.type] - ELEMENT_BYTES[a.type] || (a.name < b.name ? -1 : 1));
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const { name, tensor, type } of typed) {
    const bytes = encode(name, tensor, type);
    header[name] = { dtype: type, shape: tensor.dims, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  const json = JSON.stringify(header);
  // Padded with blanks, so that the tensors begin at a multiple of 8.
  const text = Buffer.from(json.padEnd(json.length + ((8 - (Buffer.byteLength(json) % 8)) % 8)));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([prefix, text, ...parts]);
}

function encode(name: string, { dims, values }: StateTensor, type: 'F16' | 'F32'): Uint8Array {
  if (values.length !== elementCount(dims, `tensor ${name}`)) {
    throw new GatewayError(
      'MODEL_INVALID',
      `Tensor ${name} has ${values.length} numbers, not those of its dimensions.`,
    );
  }
  const stored = type === 'F16' ? floatToHalf(values) : values;
  const largest = type === 'F16' ? 65519.99 : Number.MAX_VALUE;
  const wrong = values.find((value) => !(Math.abs(value) <= largest));
  if (wrong !== undefined) {
    throw new GatewayError('MODEL_INVALID', `Tensor ${name} holds ${wrong}, which ${type} cannot.`);
  }
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}
