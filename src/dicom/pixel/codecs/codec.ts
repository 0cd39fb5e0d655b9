import type { CodestreamHeader } from '../codestream.ts';

/** Takes decoded samples: a view of the decoder's memory that is gone when the call returns. */
export type TakeSamples = (samples: Uint8Array | Uint16Array) => void;

/**
 * Decodes one grey frame whose header was checked.
 *
 * @param take - called once, with one sample a pixel: of 16 bits when the header's precision is above 8, else of 8
 * @throws GatewayError PIXEL_DATA_CORRUPT
 */
export type DecodeCodestream = (codestream: Uint8Array, header: CodestreamHeader, take: TakeSamples) => Promise<void>;
