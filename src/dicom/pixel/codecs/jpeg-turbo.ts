/** JPEG of 8 bits, baseline and extended, by libjpeg-turbo in WebAssembly. It refuses every damage that it notices. */
import { corrupt } from '../corrupt.ts';
import type { DecodeCodestream } from './codec.ts';
import { CodecInstance } from './instance.ts';

const ignore = (): void => {};
const instance = new CodecInstance(async () =>
  (await import('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs')).default({ print: ignore, printErr: ignore }),
);

/** Decodes one grey frame of 8 bits. */
export const decodeJpeg8: DecodeCodestream = (codestream, { rows, columns }, take) =>
  instance.run(({ JPEGDecoder }) => {
    const decoder = new JPEGDecoder();
    decoder.getEncodedBuffer(codestream.length).set(codestream);
    decoder.decode();
    const { width, height, componentCount } = decoder.getFrameInfo();
    const samples = decoder.getDecodedBuffer();
    if (width !== columns || height !== rows || componentCount !== 1 || samples.length !== rows * columns) {
      throw corrupt('The frame is damaged.');
    }
    take(new Uint8Array(samples.buffer, samples.byteOffset, samples.length), 0);
    decoder.delete();
  });
