/**
 * Which films stay in the gateway because their pixels may name the patient. The profile leaves pixels alone (PS3.15 section E.2,
 * Clean Pixel Data is an option), and no text is looked for in them: what the film says of itself decides.
 */
import { nameOfSopClass, roleOfSopClass } from '../sop-classes.ts';
import { textOf } from './replace-uids.ts';

const SOP_CLASS_UID = 0x0008_0016;
const IMAGE_TYPE = 0x0008_0008;
const MODALITY = 0x0008_0060;
const CONVERSION_TYPE = 0x0008_0064;
const BURNED_IN_ANNOTATION = 0x0028_0301;
const RECOGNIZABLE_VISUAL_FEATURES = 0x0028_0302;

/** Tags of what is looked at. */
export const LOOKED_AT: ReadonlySet<number> = new Set([
  SOP_CLASS_UID,
  IMAGE_TYPE,
  MODALITY,
  CONVERSION_TYPE,
  BURNED_IN_ANNOTATION,
  RECOGNIZABLE_VISUAL_FEATURES,
]);

const STORAGE = '1.2.840.10008.5.1.4.1.1.';

/** Secondary captures of any kind, ultrasound, and photographs: what usually has text, or a face, in it. */
const USUALLY_IDENTIFYING = /^([367](\.[1-4])?|77\.1(\.\d+)+)$/;

/**
 * Why the pixels of a film may show whose they are; undefined when nothing says so.
 *
 * @param values - original values by tag
 */
export function identifyingPixels(values: ReadonlyMap<number, Uint8Array>): string | undefined {
  const text = (tag: number): string => textOf(values.get(tag)).toUpperCase();
  const burnedIn = text(BURNED_IN_ANNOTATION);
  if (burnedIn === 'YES')
    return 'Burned In Annotation (0028,0301) is YES: its pixels hold text that may name the patient.';
  if (text(RECOGNIZABLE_VISUAL_FEATURES) === 'YES') {
    return 'Recognizable Visual Features (0028,0302) is YES: its pixels may show who the patient is.';
  }
  if (burnedIn === 'NO') return undefined;
  const silent = 'and Burned In Annotation (0028,0301) does not say NO.';
  const sopClass = text(SOP_CLASS_UID);
  if (isSuspect(sopClass)) return `It is of the class ${nameOfSopClass(sopClass)}, ${silent}`;
  // Digitized, scanned and captured pictures carry what was written on them (PS3.3 section C.8.6.1).
  if (text(CONVERSION_TYPE) !== '') return `It was converted from another medium, ${silent}`;
  if (/(^|\\)(SCREEN|SCREENSHOT|SCREEN SAVE|SECONDARY CAPTURE)(\\|$)/.test(text(IMAGE_TYPE))) {
    return `Image Type (0008,0008) calls it a capture of a screen, ${silent}`;
  }
  return ['SC', 'OT', 'XC', 'US'].includes(text(MODALITY))
    ? `Its modality is of pictures that have text in them, ${silent}`
    : undefined;
}

/** A class that DICOM has not registered may be anything. */
function isSuspect(sopClass: string): boolean {
  if (!sopClass.startsWith(STORAGE)) return true;
  return roleOfSopClass(sopClass) === 'SECONDARY_CAPTURE' || USUALLY_IDENTIFYING.test(sopClass.slice(STORAGE.length));
}
