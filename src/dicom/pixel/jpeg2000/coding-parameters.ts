/** The main header of a JPEG 2000 codestream, as far as its packets need it (ITU-T T.800 annex A). */
import { COD, COM, CRG, PLM, QCC, QCD, SIZ, SOT, TLM } from './markers.ts';
import { UnusualCodestream } from './unusual.ts';

/** Segments that are kept as they are: none of them changes how packets are read. */
const KEPT = new Set([QCD, QCC, CRG, COM]);
/** Lengths of tile-parts and packets, which are others once code-blocks are left out. */
const DROPPED = new Set([TLM, PLM]);

/** Scod (T.800 table A.13). */
const STATES_PRECINCTS = 1;
const USES_SOP = 2;
const USES_EPH = 4;
/** Styles of code-blocks with one codeword segment a packet: neither selective bypass nor termination on each pass. */
const KNOWN_STYLES = 0x3a;
const WHOLE_PRECINCT = 15;
const MAXIMUM_DECOMPOSITIONS = 32;
const MAXIMUM_PROGRESSION = 4;

/** An area of the reference grid or of a subband; the end is not part of it. */
export interface Area {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** What the main header says of every tile. */
export interface CodingParameters {
  readonly image: Area;
  /** The first tile, which may begin before the image. */
  readonly tile: Area;
  /** 0 LRCP, 1 RLCP, 2 RPCL, 3 PCRL, 4 CPRL (T.800 table A.16). */
  readonly progression: number;
  readonly layers: number;
  readonly decompositions: number;
  /** Exponents of the size of a code-block. */
  readonly block: { readonly x: number; readonly y: number };
  /** Exponents of the size of a precinct, by resolution. */
  readonly precincts: readonly { readonly x: number; readonly y: number }[];
  /** Whether the wavelet is the reversible 5-3. */
  readonly reversible: boolean;
  readonly usesSop: boolean;
  readonly usesEph: boolean;
  /** The main header to write before other packets: without lengths, and without the promise of SOP markers. */
  readonly rewritten: Uint8Array;
  /** Where the first tile-part begins. */
  readonly end: number;
}

/**
 * Reads the main header of a grey codestream.
 *
 * @throws UnusualCodestream for more than one component, for segments that change the coding of a component, a region or
 *   a progression, and for code-blocks of several codeword segments
 */
export function readCodingParameters(bytes: Uint8Array): CodingParameters {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [bytes.subarray(0, 2)];
  let size: Pick<CodingParameters, 'image' | 'tile'> | undefined;
  let style: ReturnType<typeof readStyle> | undefined;
  let position = 2;
  while (view.getUint16(position) !== SOT) {
    const marker = view.getUint16(position);
    const end = position + 2 + view.getUint16(position + 2);
    if (end > bytes.length) throw new UnusualCodestream('main header');
    // Not slice: of a Buffer that is no copy.
    const segment = Uint8Array.from(bytes.subarray(position, end));
    if (marker === SIZ && size === undefined) size = readSize(view, position);
    else if (marker === COD && style === undefined) {
      style = readStyle(segment);
      segment[4] = (segment[4] as number) & ~USES_SOP;
    } else if (!KEPT.has(marker) && !DROPPED.has(marker)) throw new UnusualCodestream(`marker ${marker.toString(16)}`);
    if (!DROPPED.has(marker)) parts.push(segment);
    position = end;
  }
  if (size === undefined || style === undefined) throw new UnusualCodestream('main header');
  return { ...size, ...style, rewritten: Buffer.concat(parts), end: position };
}

/** Tiles across and down. */
export function tileGrid({ image, tile }: Pick<CodingParameters, 'image' | 'tile'>): { across: number; down: number } {
  return {
    across: Math.ceil((image.x1 - tile.x0) / (tile.x1 - tile.x0)),
    down: Math.ceil((image.y1 - tile.y0) / (tile.y1 - tile.y0)),
  };
}

function readSize(view: DataView, position: number): Pick<CodingParameters, 'image' | 'tile'> {
  const at = (index: number): number => view.getUint32(position + 6 + 4 * index);
  // One component, not subsampled.
  if (view.getUint16(position + 38) !== 1 || view.getUint16(position + 41) !== 0x0101) {
    throw new UnusualCodestream('components');
  }
  return {
    image: { x0: at(2), y0: at(3), x1: at(0), y1: at(1) },
    tile: { x0: at(6), y0: at(7), x1: at(6) + at(4), y1: at(7) + at(5) },
  };
}

function readStyle(segment: Uint8Array) {
  const at = (index: number): number => {
    const byte = segment[index];
    if (byte === undefined) throw new UnusualCodestream('COD');
    return byte;
  };
  const flags = at(4);
  const decompositions = at(9);
  const progression = at(5);
  if (decompositions > MAXIMUM_DECOMPOSITIONS || progression > MAXIMUM_PROGRESSION || (at(12) & ~KNOWN_STYLES) !== 0) {
    throw new UnusualCodestream('coding style');
  }
  const precincts = Array.from({ length: decompositions + 1 }, (_, resolution) => {
    const exponents = (flags & STATES_PRECINCTS) === 0 ? WHOLE_PRECINCT * 0x11 : at(14 + resolution);
    return { x: exponents & 0x0f, y: exponents >> 4 };
  });
  return {
    progression,
    layers: at(6) * 256 + at(7),
    decompositions,
    block: { x: at(10) + 2, y: at(11) + 2 },
    precincts,
    reversible: at(13) === 1,
    usesSop: (flags & USES_SOP) !== 0,
    usesEph: (flags & USES_EPH) !== 0,
  };
}
