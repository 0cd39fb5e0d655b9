/** Codes of the marker segments of a codestream (ITU-T T.800 table A.2). */

/** Start of codestream. */
export const SOC = 0xff4f;
/** Image and tile size. */
export const SIZ = 0xff51;
/** Coding style default. */
export const COD = 0xff52;
/** Tile-part lengths. */
export const TLM = 0xff55;
/** Packet lengths, in the main header. */
export const PLM = 0xff57;
/** Packet lengths, in the header of a tile-part. */
export const PLT = 0xff58;
/** Quantization default. */
export const QCD = 0xff5c;
/** Quantization of a component. */
export const QCC = 0xff5d;
/** Component registration. */
export const CRG = 0xff63;
/** Comment. */
export const COM = 0xff64;
/** Start of tile-part. */
export const SOT = 0xff90;
/** Start of packet. */
export const SOP = 0xff91;
/** End of packet header. */
export const EPH = 0xff92;
/** Start of data. */
export const SOD = 0xff93;
/** End of codestream. */
export const EOC = 0xffd9;

/** A marker without content, as it lies in the codestream. */
export function markerBytes(marker: number): Uint8Array {
  return Uint8Array.of(marker >> 8, marker & 0xff);
}
