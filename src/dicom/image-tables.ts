/** Windows, lookup tables and coded concepts of an image's header. */
import type { DataSet } from './data-set.ts';

/** A coded concept (PS3.3 section 8.8). */
export interface CodedConcept {
  readonly scheme: string;
  readonly value: string;
  readonly meaning: string | null;
}

/** Window Center and Width in units of the modality LUT's output. */
export interface VoiWindow {
  readonly center: number;
  readonly width: number;
}

/** A lookup table of a Modality or VOI LUT Sequence (PS3.3 sections C.11.1.1 and C.11.2.1.1). */
export interface LookupTable {
  /** Input value of the first entry; smaller inputs take the first entry, larger ones than the last take the last. */
  readonly firstMapped: number;
  /** Bits of an entry as the descriptor says, 8 to 16. */
  readonly bits: number;
  readonly entries: Uint16Array;
}

/** Pairs of Window Center and Width; a pair with a value missing is left out. */
export function readWindows(dataSet: DataSet): readonly VoiWindow[] {
  const widths = dataSet.decimals('WindowWidth');
  return dataSet.decimals('WindowCenter').flatMap((center, index) => {
    const width = widths[index] ?? null;
    return center === null || width === null ? [] : [{ center, width }];
  });
}

/** First item of a LUT sequence; null when absent or when its data is shorter than its descriptor says. */
export function readLookupTable(item: DataSet | undefined, signed: boolean): LookupTable | null {
  const descriptor = item?.integers('LUTDescriptor');
  const data = item?.bytes('LUTData');
  const [count, , bits] = descriptor ?? [];
  if (item === undefined || data === undefined || count === undefined || bits === undefined) return null;
  const length = count === 0 ? 0x1_0000 : count;
  const firstMapped = item.integers('LUTDescriptor', signed)[1] ?? 0;
  if (bits < 8 || bits > 16) return null;
  // 8-bit entries are packed two to a word by some senders (PS3.3 section C.11.1.1.1).
  if (data.length >= 2 * length) {
    return { firstMapped, bits, entries: Uint16Array.from(item.integers('LUTData').slice(0, length)) };
  }
  return data.length >= length && bits === 8
    ? { firstMapped, bits, entries: Uint16Array.from(data.subarray(0, length)) }
    : null;
}

/** Items of a code sequence; an item without value or scheme is left out. */
export function readConcepts(items: readonly DataSet[]): readonly CodedConcept[] {
  return items.flatMap((item) => {
    const value = item.code('CodeValue');
    const scheme = item.code('CodingSchemeDesignator');
    return value === null || scheme === null ? [] : [{ scheme, value, meaning: item.text('CodeMeaning') }];
  });
}
