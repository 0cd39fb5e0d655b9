/** What a codestream says of itself in its marker segments, whatever its format. */
export interface CodestreamHeader {
  readonly rows: number;
  readonly columns: number;
  /** Samples a pixel. */
  readonly components: number;
  /** Bits of a sample. */
  readonly precision: number;
  /** Whether its decoder extends the sign of samples; JPEG and JPEG-LS know no sign. */
  readonly signed: boolean;
  /** Whether its samples are exactly those that were encoded. */
  readonly lossless: boolean;
  /** Bytes before the codestream, such as a file format around it. */
  readonly start: number;
}

/** Bytes after the end marker that are looked through for it: some writers pad to more than an even length. */
export const TRAILING_BYTES = 1024;
