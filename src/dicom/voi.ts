/** Modality and VOI transformations (PS3.3 sections C.11.1 and C.11.2). Grey levels are 0 to 255, not yet rounded. */
import type { ImageAttributes } from './image-attributes.ts';
import type { LookupTable, VoiWindow } from './image-tables.ts';

/** A function of one value. */
export type Transformation = (value: number) => number;

/** Stored value to modality value: Modality LUT, else rescale slope and intercept, else the value itself. */
export function modalityTransformation(image: ImageAttributes): Transformation {
  const { modalityLut } = image;
  if (modalityLut !== null) return (value) => lookUp(modalityLut, value);
  // A slope of 0 would make every pixel the same; it occurs where senders fill in zeros.
  const slope = image.rescaleSlope === null || image.rescaleSlope === 0 ? 1 : image.rescaleSlope;
  const intercept = image.rescaleIntercept ?? 0;
  return (value) => value * slope + intercept;
}

/** Whether the modality transformation changes nothing. */
export function isModalityIdentity(image: ImageAttributes): boolean {
  const slope = image.rescaleSlope ?? 1;
  return image.modalityLut === null && (slope === 1 || slope === 0) && (image.rescaleIntercept ?? 0) === 0;
}

/**
 * Modality value to grey level by a window; undefined for a width that the function does not allow: LINEAR needs at
 * least 1 (PS3.3 section C.11.2.1.2.1), the others more than 0 (C.11.2.1.3).
 */
export function windowTransformation(
  { center, width }: VoiWindow,
  voiFunction: ImageAttributes['voiLutFunction'],
): Transformation | undefined {
  if (voiFunction === 'LINEAR') {
    if (width < 1) return undefined;
    if (width === 1) return (value) => (value <= center - 0.5 ? 0 : 255);
    return (value) => clamp(((value - (center - 0.5)) / (width - 1) + 0.5) * 255);
  }
  if (width <= 0) return undefined;
  return voiFunction === 'SIGMOID'
    ? (value) => 255 / (1 + Math.exp((-4 * (value - center)) / width))
    : (value) => clamp(((value - center) / width + 0.5) * 255);
}

/** Modality value to grey level by a VOI LUT, whose entries span 0 to 2^bits - 1. */
export function voiLutTransformation(table: LookupTable): Transformation {
  // Some senders state fewer bits than their entries have.
  const largest = table.entries.reduce((maximum, entry) => Math.max(maximum, entry), 2 ** table.bits - 1);
  return (value) => (lookUp(table, value) * 255) / largest;
}

/** Values from `low` to `high` to 0 to 255; everything else saturates. */
export function rangeTransformation(low: number, high: number): Transformation {
  if (high <= low) return (value) => (value > low ? 255 : 0);
  return (value) => clamp(((value - low) / (high - low)) * 255);
}

function lookUp(table: LookupTable, value: number): number {
  const last = table.entries.length - 1;
  const index = Math.min(last, Math.max(0, Math.round(value) - table.firstMapped));
  return table.entries[index] ?? 0;
}

function clamp(grey: number): number {
  return Math.min(255, Math.max(0, grey));
}
