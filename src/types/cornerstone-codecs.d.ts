/** Types of what is used of the codecs of Cornerstone, which carry none. All of them are made with Emscripten alike. */

declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  /** Where the module's own messages go; to the console when not given. */
  export interface ModuleOptions {
    print(line: string): void;
    printErr(line: string): void;
  }

  /** One image at a time; its memory lies in the WebAssembly heap until `delete`. Errors are thrown as numbers. */
  export interface Decoder {
    /** Memory of this many bytes to write the codestream into. */
    getEncodedBuffer(length: number): Uint8Array;
    decode(): void;
    getFrameInfo(): {
      readonly width: number;
      readonly height: number;
      readonly bitsPerSample: number;
      readonly componentCount: number;
    };
    /** Samples of 8 or 16 bits, little endian; valid until the next call. */
    getDecodedBuffer(): Uint8Array;
    delete(): void;
  }

  export interface CharlsModule {
    readonly HEAPU8: Uint8Array;
    readonly JpegLSDecoder: new () => Decoder;
  }

  export default function load(options: ModuleOptions): Promise<CharlsModule>;
}

declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  import type { Decoder, ModuleOptions } from '@cornerstonejs/codec-charls/decodewasmjs';

  export interface OpenJpegModule {
    readonly HEAPU8: Uint8Array;
    readonly J2KDecoder: new () => Decoder;
  }

  export default function load(options: ModuleOptions): Promise<OpenJpegModule>;
}

declare module '@cornerstonejs/codec-openjph' {
  import type { Decoder, ModuleOptions } from '@cornerstonejs/codec-charls/decodewasmjs';

  export interface OpenJphModule {
    readonly HEAPU8: Uint8Array;
    readonly HTJ2KDecoder: new () => Decoder;
  }

  export default function load(options: ModuleOptions): Promise<OpenJphModule>;
}
