/** Types of what is used of @cornerstonejs/codec-libjpeg-turbo-8bit, which carries none. */
declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  /** One image at a time; its memory lies in the WebAssembly heap until `delete`. */
  export interface JpegDecoder {
    /** Memory of this many bytes to write the JPEG into. */
    getEncodedBuffer(length: number): Uint8Array;
    readHeader(): void;
    decode(): void;
    getFrameInfo(): { readonly width: number; readonly height: number; readonly componentCount: number };
    /** Samples of 8 bits, pixel after pixel; valid until the next call. */
    getDecodedBuffer(): Uint8ClampedArray;
    delete(): void;
  }

  export interface JpegModule {
    readonly HEAPU8: Uint8Array;
    readonly JPEGDecoder: new () => JpegDecoder;
  }

  /** @param options - where the module's own messages go; to the console when not given */
  export default function load(options?: {
    print(line: string): void;
    printErr(line: string): void;
  }): Promise<JpegModule>;
}
