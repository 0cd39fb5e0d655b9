/** Encoders of the compressed transfer syntaxes, for films that tests and benches make themselves. */
import { createRequire } from 'node:module';
import { deflateRawSync } from 'node:zlib';
import {
  DEFLATED_IMAGE_FRAME,
  ENCAPSULATED_UNCOMPRESSED,
  HTJ2K,
  HTJ2K_LOSSLESS,
  HTJ2K_LOSSLESS_RPCL,
  JPEG_2000,
  JPEG_2000_LOSSLESS,
  JPEG_BASELINE,
  JPEG_EXTENDED,
  JPEG_LOSSLESS,
  JPEG_LOSSLESS_FIRST_ORDER,
  JPEG_LS_LOSSLESS,
  JPEG_LS_NEAR_LOSSLESS,
  RLE_LOSSLESS,
} from '../../src/dicom/transfer-syntaxes.ts';
import { encodeMosaic } from './jpeg-mosaic.ts';

const require = createRequire(import.meta.url);

/** One grey frame. */
export interface Grey {
  readonly rows: number;
  readonly columns: number;
  /** Bits of a sample as the codestream will say. */
  readonly precision: number;
  readonly signed?: boolean;
  /** One a pixel, in the low bits. */
  readonly words: Uint8Array | Uint16Array;
}

/** Encodes one frame. */
export type Encode = (grey: Grey) => Promise<Uint8Array>;

/** How frames are encoded, by transfer syntax UID. */
export const ENCODERS: Readonly<Record<string, Encode>> = {
  [ENCAPSULATED_UNCOMPRESSED]: async ({ words }) => bytesOf(words),
  [DEFLATED_IMAGE_FRAME]: async ({ words }) => deflateRawSync(bytesOf(words)),
  [RLE_LOSSLESS]: async (grey) => encodeRle(grey),
  [JPEG_BASELINE]: (grey) => encodeJpeg(grey, { lossy: true, quality: 95 }),
  [JPEG_EXTENDED]: async (grey) => encodeMosaic(grey),
  [JPEG_LOSSLESS]: (grey) => encodeJpeg(grey, { lossy: false, predictor: 6 }),
  [JPEG_LOSSLESS_FIRST_ORDER]: (grey) => encodeJpeg(grey, { lossy: false, predictor: 1 }),
  [JPEG_LS_LOSSLESS]: (grey) => encodeJpegLs(grey, 0),
  [JPEG_LS_NEAR_LOSSLESS]: (grey) => encodeJpegLs(grey, 2),
  [JPEG_2000_LOSSLESS]: (grey) => encodeJpeg2000(grey, true),
  [JPEG_2000]: (grey) => encodeJpeg2000(grey, false),
  [HTJ2K_LOSSLESS]: (grey) => encodeHighThroughput(grey, true),
  [HTJ2K_LOSSLESS_RPCL]: (grey) => encodeHighThroughput(grey, true),
  [HTJ2K]: (grey) => encodeHighThroughput(grey, false),
};

/** The words' bytes, little endian. */
export function bytesOf(words: Uint8Array | Uint16Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(words.buffer as ArrayBuffer, words.byteOffset, words.byteLength).slice();
}

/** RLE of PS3.5 annex G: one segment a byte of the word, most significant first; rows are not run together. */
function encodeRle({ rows, columns, words }: Grey): Uint8Array {
  const bytes = bytesOf(words);
  const step = words.BYTES_PER_ELEMENT;
  const segments = Array.from({ length: step }, (_, index) => {
    const encoded: number[] = [];
    for (let row = 0; row < rows; row += 1) {
      const first = row * columns * step + (step - 1 - index);
      encodeRuns(
        Array.from({ length: columns }, (_, column) => bytes[first + column * step] as number),
        encoded,
      );
    }
    if (encoded.length % 2 === 1) encoded.push(0);
    return Uint8Array.from(encoded);
  });
  const header = new Uint32Array(16);
  header[0] = segments.length;
  let offset = 64;
  segments.forEach((segment, index) => {
    header[1 + index] = offset;
    offset += segment.length;
  });
  return Buffer.concat([new Uint8Array(header.buffer), ...segments]);
}

function encodeRuns(row: readonly number[], encoded: number[]): void {
  let position = 0;
  while (position < row.length) {
    let run = 1;
    while (run < 128 && row[position + run] === row[position]) run += 1;
    if (run > 1) {
      encoded.push(257 - run, row[position] as number);
      position += run;
      continue;
    }
    let literal = 1;
    while (
      literal < 128 &&
      position + literal < row.length &&
      row[position + literal] !== row[position + literal + 1]
    ) {
      literal += 1;
    }
    encoded.push(literal - 1, ...row.slice(position, position + literal));
    position += literal;
  }
}

/** What is used of dcmjs-codecs to encode JPEG. */
interface DcmjsCodecs {
  readonly Context: new (attributes: object) => { getEncodedBuffer(): Uint8Array };
  readonly NativeCodecs: {
    initializeAsync(): Promise<void>;
    isInitialized(): boolean;
    encodeJpeg(context: object, parameters: object): { getEncodedBuffer(): Uint8Array };
  };
}

async function encodeJpeg(grey: Grey, parameters: object): Promise<Uint8Array> {
  const { Context, NativeCodecs } = require('dcmjs-codecs') as DcmjsCodecs;
  if (!NativeCodecs.isInitialized()) await NativeCodecs.initializeAsync();
  const context = new Context({
    width: grey.columns,
    height: grey.rows,
    bitsAllocated: grey.words.BYTES_PER_ELEMENT * 8,
    bitsStored: grey.precision,
    samplesPerPixel: 1,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: 'MONOCHROME2',
    decodedBuffer: bytesOf(grey.words),
  });
  return NativeCodecs.encodeJpeg(context, parameters).getEncodedBuffer();
}

/** What the encoders of Cornerstone have in common. */
interface Encoder {
  getDecodedBuffer(frame: object): Uint8Array;
  getEncodedBuffer(): Uint8Array;
  encode(): void;
  delete(): void;
}

type Modules = Readonly<Record<string, new () => Encoder>>;

/** Emscripten makes the object its module, so each needs its own. */
const silent = () => ({ print: (): void => {}, printErr: (): void => {} });
const loaded = new Map<string, Promise<Modules>>();

async function encodeWith<E>(
  packageName: string,
  className: string,
  grey: Grey,
  configure: (encoder: E) => void,
): Promise<Uint8Array> {
  const module = loaded.get(packageName) ?? (require(packageName) as (options: object) => Promise<Modules>)(silent());
  loaded.set(packageName, module);
  const EncoderClass = (await module)[className];
  if (EncoderClass === undefined) throw new Error(`${packageName} has no ${className}`);
  const encoder = new EncoderClass();
  encoder
    .getDecodedBuffer({
      width: grey.columns,
      height: grey.rows,
      bitsPerSample: grey.precision,
      componentCount: 1,
      isSigned: grey.signed ?? false,
      isUsingColorTransform: false,
    })
    .set(bytesOf(grey.words));
  configure(encoder as E);
  encoder.encode();
  const encoded = new Uint8Array(encoder.getEncodedBuffer());
  encoder.delete();
  return encoded;
}

function encodeJpegLs(grey: Grey, nearLossless: number): Promise<Uint8Array> {
  return encodeWith<{ setNearLossless(error: number): void }>(
    '@cornerstonejs/codec-charls/wasmjs',
    'JpegLSEncoder',
    grey,
    (encoder) => encoder.setNearLossless(nearLossless),
  );
}

interface Jpeg2000Encoder {
  setQuality(reversible: boolean, quality: number): void;
  setCompressionRatio(layer: number, ratio: number): void;
}

function encodeJpeg2000(grey: Grey, reversible: boolean): Promise<Uint8Array> {
  return encodeWith<Jpeg2000Encoder>('@cornerstonejs/codec-openjpeg/wasmjs', 'J2KEncoder', grey, (encoder) => {
    encoder.setQuality(reversible, 0);
    if (!reversible) encoder.setCompressionRatio(0, 8);
  });
}

function encodeHighThroughput(grey: Grey, reversible: boolean): Promise<Uint8Array> {
  return encodeWith<Pick<Jpeg2000Encoder, 'setQuality'>>(
    '@cornerstonejs/codec-openjph',
    'HTJ2KEncoder',
    grey,
    (encoder) => encoder.setQuality(reversible, reversible ? 0 : 0.002),
  );
}
