/** The packets of each tile, put together from its tile-parts (T.800 section A.4). */
import { type CodingParameters, tileGrid } from './coding-parameters.ts';
import { COM, EOC, markerBytes, PLT, SOD, SOT } from './markers.ts';
import { UnusualCodestream } from './unusual.ts';

const SOT_LENGTH = 10;

/**
 * Bytes of the packets of every tile, in the order of the tiles.
 *
 * @throws UnusualCodestream when a tile-part changes how its tile is coded, or leads elsewhere than to the next
 */
export function readTileBodies(bytes: Uint8Array, parameters: CodingParameters): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { across, down } = tileGrid(parameters);
  const tiles = across * down;
  const bodies = new Map<number, Uint8Array[]>();
  const last = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).lastIndexOf(markerBytes(EOC));
  let position = parameters.end;
  while (position < last) {
    const tile = view.getUint16(position + 4);
    const length = view.getUint32(position + 6);
    const next = length === 0 ? last : position + length;
    const parts = bodies.get(tile) ?? [];
    const stated = view.getUint8(position + 11);
    const isNext = view.getUint8(position + 10) === parts.length && (stated === 0 || stated > parts.length);
    if (
      view.getUint16(position) !== SOT ||
      view.getUint16(position + 2) !== SOT_LENGTH ||
      next > last ||
      tile >= tiles ||
      !isNext
    ) {
      throw new UnusualCodestream('tile-part');
    }
    parts.push(bytes.subarray(endOfHeader(view, position + 2 + SOT_LENGTH), next));
    bodies.set(tile, parts);
    position = next;
  }
  if (position !== last || bodies.size !== tiles) throw new UnusualCodestream('tiles');
  return Array.from({ length: tiles }, (_, tile) => Buffer.concat(bodies.get(tile) ?? []));
}

function endOfHeader(view: DataView, first: number): number {
  let position = first;
  for (let marker = view.getUint16(position); marker !== SOD; marker = view.getUint16(position)) {
    if (marker !== PLT && marker !== COM) throw new UnusualCodestream('tile-part header');
    position += 2 + view.getUint16(position + 2);
  }
  return position + 2;
}
