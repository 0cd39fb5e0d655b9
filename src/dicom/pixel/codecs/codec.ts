import type { CodestreamHeader } from '../codestream.ts';

/** One sample a pixel: of 16 bits when the header's precision is above 8, else of 8. */
export type Samples = Uint8Array | Uint16Array;

/**
 * Takes decoded samples of the pixels from the given one on: a view of the decoder's memory that is gone when the call
 * returns.
 */
export type TakeSamples = (samples: Samples, firstPixel: number) => void;

/**
 * Decodes one grey frame whose header was checked.
 *
 * @param take - called until it had every pixel; what it had of a frame that fails is worth nothing
 * @throws GatewayError PIXEL_DATA_CORRUPT
 */
export type DecodeCodestream = (codestream: Uint8Array, header: CodestreamHeader, take: TakeSamples) => Promise<void>;
