/**
 * JPEG of 12 bits and lossless JPEG by the WebAssembly module of dcmjs-codecs: the Independent JPEG Group's library as
 * DCMTK has it. The module is used by itself: the package's own code loads dcmjs, offers no second instance, and drops the
 * library's warnings, which alone tell that a scan ended early.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { CodestreamHeader } from '../codestream.ts';
import { corrupt } from '../corrupt.ts';
import type { DecodeCodestream } from './codec.ts';
import { CodecInstance, type Module } from './instance.ts';

/** Functions of the module that are used; numbers are addresses, or what the name says. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  CreateCodecsContext(): number;
  ReleaseCodecsContext(context: number): void;
  CreateDecoderParameters(): number;
  ReleaseDecoderParameters(parameters: number): void;
  SetConvertColorspaceToRgb(parameters: number, convert: number): void;
  SetColumns(context: number, columns: number): void;
  SetRows(context: number, rows: number): void;
  SetBitsAllocated(context: number, bits: number): void;
  SetBitsStored(context: number, bits: number): void;
  SetSamplesPerPixel(context: number, samples: number): void;
  SetPixelRepresentation(context: number, representation: number): void;
  SetPlanarConfiguration(context: number, configuration: number): void;
  SetPhotometricInterpretation(context: number, interpretation: number): void;
  SetEncodedBufferSize(context: number, bytes: number): void;
  GetEncodedBuffer(context: number): number;
  DecodeJpeg(context: number, parameters: number): void;
  GetDecodedBuffer(context: number): number;
  GetDecodedBufferSize(context: number): number;
}

interface JpegModule extends Module {
  readonly exports: Exports;
  /** Warnings of the frame being decoded. */
  readonly warnings: string[];
}

/** What libjpeg's warnings begin with; its other messages trace the marker segments. */
const WARNING = /Corrupt JPEG data|Premature end|Warning|Unsupported marker|Inconsistent/i;
/** MONOCHROME2 in the package's list of photometric interpretations. */
const MONOCHROME2 = 1;

let compiled: Promise<WebAssembly.Module> | undefined;

async function load(): Promise<JpegModule> {
  compiled ??= readFile(createRequire(import.meta.url).resolve('dcmjs-codecs/build/dcmjs-native-codecs.wasm')).then(
    (bytes) => WebAssembly.compile(bytes),
  );
  const warnings: string[] = [];
  const textAt = (address: number, length: number): string =>
    Buffer.from(exports.memory.buffer, address, length).toString('latin1');
  const none = (): number => 0;
  const { exports: instanceExports } = await WebAssembly.instantiate(await compiled, {
    wasi_snapshot_preview1: {
      environ_get: none,
      environ_sizes_get: none,
      clock_time_get: none,
      fd_write: none,
      fd_seek: none,
      fd_close: none,
      proc_exit: (status: number) => {
        throw new Error(`The codec exited with ${status}.`);
      },
    },
    env: {
      emscripten_notify_memory_growth: none,
      onCodecsTrace: none,
      onCodecsInfo: (address: number, length: number) => {
        const text = textAt(address, length);
        if (WARNING.test(text)) warnings.push(text);
      },
      onCodecsException: (address: number, length: number) => {
        throw new Error(textAt(address, length));
      },
    },
  });
  // The package has no types; these are the names that the module exports.
  const exports = instanceExports as unknown as Exports;
  exports._initialize();
  return {
    exports,
    warnings,
    get HEAPU8() {
      return new Uint8Array(exports.memory.buffer);
    },
  };
}

const instance = new CodecInstance(load);

/** Decodes one grey frame of 2 to 16 bits, lossless or of 12 bits. */
export const decodeJpeg16: DecodeCodestream = (codestream, header, take) =>
  instance.run((module) => {
    const { exports, warnings } = module;
    warnings.length = 0;
    const context = createContext(exports, header);
    exports.SetEncodedBufferSize(context, codestream.length);
    module.HEAPU8.set(codestream, exports.GetEncodedBuffer(context));
    const parameters = exports.CreateDecoderParameters();
    exports.SetConvertColorspaceToRgb(parameters, 0);
    exports.DecodeJpeg(context, parameters);
    const [warning] = warnings;
    if (warning !== undefined) throw corrupt('The frame is damaged.', new Error(warning));
    const pixels = header.rows * header.columns;
    const width = header.precision > 8 ? 2 : 1;
    if (exports.GetDecodedBufferSize(context) !== pixels * width) throw corrupt('The frame is damaged.');
    const address = exports.GetDecodedBuffer(context);
    const { buffer } = exports.memory;
    take(width === 2 ? new Uint16Array(buffer, address, pixels) : new Uint8Array(buffer, address, pixels), 0);
    exports.ReleaseDecoderParameters(parameters);
    exports.ReleaseCodecsContext(context);
  });

function createContext(exports: Exports, { rows, columns, precision }: CodestreamHeader): number {
  const context = exports.CreateCodecsContext();
  exports.SetColumns(context, columns);
  exports.SetRows(context, rows);
  exports.SetBitsAllocated(context, precision > 8 ? 16 : 8);
  exports.SetBitsStored(context, precision);
  exports.SetSamplesPerPixel(context, 1);
  exports.SetPixelRepresentation(context, 0);
  exports.SetPlanarConfiguration(context, 0);
  exports.SetPhotometricInterpretation(context, MONOCHROME2);
  return context;
}
