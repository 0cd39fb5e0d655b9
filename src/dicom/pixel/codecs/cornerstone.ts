/** JPEG-LS, JPEG 2000 and HTJ2K by the codecs of Cornerstone: CharLS, OpenJPEG and OpenJPH in WebAssembly. */
import type { Decoder, ModuleOptions } from '@cornerstonejs/codec-charls/decodewasmjs';
import type { CodestreamHeader } from '../codestream.ts';
import { corrupt } from '../corrupt.ts';
import type { DecodeCodestream, Samples } from './codec.ts';
import { CodecInstance, type Module } from './instance.ts';

/** What the decoders say of damage that they read over; the rest of their talk is progress. */
const COMPLAINT = /\[(WARNING|ERROR)\]|ojph (warning|error)/;
/** Warnings of OpenJPEG that are not about pixels: markers of later standards, and how tile-parts are counted. */
const HARMLESS = /Unknown marker$|TPsot==TNsot|Empty SOT marker/;

function decoderOf<M extends Module>(
  load: (options: ModuleOptions) => Promise<M>,
  constructorOf: (module: M) => new () => Decoder,
): DecodeCodestream {
  const complaints: string[] = [];
  const print = (line: string): void => {
    if (COMPLAINT.test(line) && !HARMLESS.test(line.trim()) && complaints.length === 0) complaints.push(line);
  };
  const instance = new CodecInstance(() => load({ print, printErr: print }));
  return (codestream, header, take) =>
    instance.run((module) => {
      complaints.length = 0;
      const decoder = new (constructorOf(module))();
      decoder.getEncodedBuffer(codestream.length).set(codestream);
      decoder.decode();
      const [complaint] = complaints;
      if (complaint !== undefined) throw corrupt('The frame is damaged.', new Error(complaint));
      take(samplesOf(decoder, header), 0);
      decoder.delete();
    });
}

/** The decoded samples; a decoder that failed may say so only by giving none. */
function samplesOf(decoder: Decoder, { rows, columns, precision }: CodestreamHeader): Samples {
  const { width, height, componentCount } = decoder.getFrameInfo();
  const bytes = decoder.getDecodedBuffer();
  const isWide = precision > 8;
  if (
    width !== columns ||
    height !== rows ||
    componentCount !== 1 ||
    bytes.length !== rows * columns * (isWide ? 2 : 1)
  ) {
    throw corrupt('The frame is damaged.');
  }
  return isWide ? new Uint16Array(bytes.buffer, bytes.byteOffset, rows * columns) : bytes;
}

/** CharLS. Refuses what is damaged, also a missing end. */
export const decodeJpegLs = decoderOf(
  async (options) => (await import('@cornerstonejs/codec-charls/decodewasmjs')).default(options),
  (module) => module.JpegLSDecoder,
);

/** OpenJPEG. */
export const decodeJpeg2000 = decoderOf(
  async (options) => (await import('@cornerstonejs/codec-openjpeg/decodewasmjs')).default(options),
  (module) => module.J2KDecoder,
);

/** OpenJPH, four times as fast on HTJ2K as OpenJPEG. */
export const decodeHighThroughput = decoderOf(
  async (options) => (await import('@cornerstonejs/codec-openjph')).default(options),
  (module) => module.HTJ2KDecoder,
);
