/**
 * Marker segments of JPEG (ITU-T T.81 annex B) and JPEG-LS (ITU-T T.87 annex C) up to the first scan. Nothing is
 * allocated by what they say; a segment takes one step whatever its length.
 */
import type { ByteWindow } from '../byte-window.ts';
import { type CodestreamHeader, TRAILING_BYTES } from './codestream.ts';
import { corrupt } from './corrupt.ts';

const MARKER = 0xff;
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const SOF55 = 0xf7;
/** Tables, comments and application data; no sane film has a hundred. */
const MAXIMUM_SEGMENTS = 1000;

/** Processes of T.81 that DICOM has a transfer syntax for, and JPEG-LS, by their frame marker. */
const PROCESSES: Readonly<Record<number, JpegProcess>> = {
  192: 'BASELINE',
  193: 'EXTENDED',
  195: 'LOSSLESS',
  [SOF55]: 'JPEG_LS',
};

/** SOF markers of T.81 table B.1; between them lie DHT (C4), JPG (C8) and DAC (CC). */
const FRAME_MARKERS = new Set([192, 193, 194, 195, 197, 198, 199, 201, 202, 203, 205, 206, 207, SOF55]);

export type JpegProcess = 'BASELINE' | 'EXTENDED' | 'LOSSLESS' | 'JPEG_LS';

/** Frame and scan header. */
export interface JpegHeader extends CodestreamHeader {
  readonly process: JpegProcess;
}

/**
 * Reads a frame's marker segments and makes sure that it has an end.
 *
 * @throws GatewayError PIXEL_DATA_CORRUPT
 */
export function readJpegHeader(window: ByteWindow): JpegHeader {
  if (window.size < 4 || window.uint16(0, true) !== (MARKER << 8) + SOI) throw corrupt('The frame is no JPEG.');
  let frame: Omit<JpegHeader, 'lossless'> | undefined;
  let position = 2;
  for (let count = 0; count < MAXIMUM_SEGMENTS; count += 1) {
    if (window.uint8(position) !== MARKER) throw corrupt(`JPEG: byte ${position} is no marker.`);
    while (window.uint8(position + 1) === MARKER) position += 1;
    const marker = window.uint8(position + 1);
    const length = window.uint16(position + 2, true);
    if (length < 2) throw corrupt(`JPEG: a segment of ${length} bytes.`);
    if (marker === SOS) {
      if (frame === undefined) throw corrupt('JPEG: a scan without a frame.');
      const header = { ...frame, lossless: isLossless(window, position, frame) };
      assertEnd(window, position + 2 + length);
      return header;
    }
    if (FRAME_MARKERS.has(marker)) {
      if (frame !== undefined) throw corrupt('JPEG: two frames in one.');
      frame = readFrame(window, position, marker, length);
    }
    position += 2 + length;
  }
  throw corrupt(`JPEG: no scan within ${MAXIMUM_SEGMENTS} segments.`);
}

function readFrame(window: ByteWindow, position: number, marker: number, length: number): Omit<JpegHeader, 'lossless'> {
  const process = PROCESSES[marker];
  if (process === undefined) throw corrupt(`JPEG: process SOF${marker - 192} is none of DICOM's.`);
  const components = window.uint8(position + 9);
  if (length !== 8 + 3 * components) throw corrupt('JPEG: the frame header has a wrong length.');
  return {
    process,
    precision: window.uint8(position + 4),
    rows: window.uint16(position + 5, true),
    columns: window.uint16(position + 7, true),
    components,
    signed: false,
    start: 0,
  };
}

/** The lossless process with no bits cut off (point transform), or JPEG-LS with no error allowed (NEAR). */
function isLossless(window: ByteWindow, position: number, { process }: Pick<JpegHeader, 'process'>): boolean {
  const components = window.uint8(position + 4);
  const parameters = position + 5 + 2 * components;
  if (process === 'LOSSLESS') return (window.uint8(parameters + 2) & 0x0f) === 0;
  return process === 'JPEG_LS' && window.uint8(parameters) === 0;
}

/** Within coded data FF is never followed by D9, so the last pair of them is the end marker. */
function assertEnd(window: ByteWindow, scanStart: number): void {
  const from = Math.max(scanStart, window.size - TRAILING_BYTES);
  const tail = window.size > from ? Buffer.from(window.bytes(from, window.size - from)) : Buffer.alloc(0);
  if (tail.lastIndexOf(Uint8Array.of(MARKER, EOI)) === -1) throw corrupt('JPEG: the end marker is missing.');
}
