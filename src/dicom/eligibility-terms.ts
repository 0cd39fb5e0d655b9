/** Words and codes by which headers say chest and frontal, and by which they say something else. */
import type { CodedConcept } from './image-tables.ts';

/** Body parts that are the chest: PS3.16 annex L, and words of real films. Ribs are another examination. */
const CHEST_WORDS = new Set('CHEST THORAX TORAX LUNG LUNGS CXR'.split(' '));

/** Words of a frontal view, after {@link wordsOf} has shortened antero-posterior and its like. */
const FRONTAL_WORDS = new Set('PA AP FRONTAL FRONT'.split(' '));

/** Words that say how a film was taken but neither body part nor view. */
const NEUTRAL_WORDS = new Set(
  (
    '1 1V 1VIEW VIEW VIEWS ADULT BED BEDSIDE DIGITAL ERECT EXPIRATION GRID INSPIRATION MOBILE OF PORT PORTABLE ' +
    'PROJECTION SITTING STANDING SUPINE THE UPRIGHT XR XRAY'
  ).split(' '),
);

/** Body parts other than the chest, in descriptions. */
const OTHER_BODY_PARTS =
  /\b(ABDOMEN|ANKLE|BREAST|CALCANEUS|CLAVICLE|ELBOW|EXTREMITY|FEMUR|FINGER|FOOT|FOREARM|HAND|HEAD|HEEL|HIP|HUMERUS|KNEE|KUB|LEG|MAMMO|NECK|PELVIS|RIBS?|SCAPULA|SHOULDER|SINUS|SKULL|SPINE|STERNUM|TIBIA|TOE|WRIST)\b/;

const LATERAL_OR_OBLIQUE = /\b(LAT|LATERAL|LL|RL|LLD|RLD|DECUB|DECUBITUS|OBLIQUE|OBL|LORDOTIC)\b/;

/** Anatomic regions of CID 4009 and 4031: chest (present and former code), lung, thoracic cavity. SNM3 and 99SDM are older names of SRT. */
const CHEST_REGIONS: Readonly<Record<string, ReadonlySet<string>>> = {
  SCT: new Set(['816094009', '51185008', '39607008', '43799004']),
  SRT: new Set(['T-D3000', 'T-28000', 'T-D3300']),
};

/** Views of CID 4010: frontal, antero-posterior, postero-anterior (present and former code). */
const FRONTAL_VIEWS: Readonly<Record<string, ReadonlySet<string>>> = {
  SCT: new Set(['399033003', '399348003', '272479007', '399066004']),
  SRT: new Set(['R-10202', 'R-10206', 'R-40888', 'R-10214']),
};

/** Former designators of the same codes (PS3.16 section 8). */
const SCHEMES: Readonly<Record<string, string>> = { SNM3: 'SRT', '99SDM': 'SRT', '2.16.840.1.113883.6.96': 'SCT' };

/** Whether a Body Part Examined says chest and nothing beyond it. `CHEST PA` does, `CHEST ABDOMEN` does not. */
export function isChestBodyPart(text: string): boolean {
  const words = wordsOf(text);
  return (
    words.some((word) => CHEST_WORDS.has(word)) &&
    words.every((word) => CHEST_WORDS.has(word) || FRONTAL_WORDS.has(word) || NEUTRAL_WORDS.has(word))
  );
}

/** Whether a View Position says frontal and nothing against it. `PA` does, `AP LORDOTIC` does not. */
export function isFrontalView(text: string): boolean {
  const words = wordsOf(text);
  return (
    words.some((word) => FRONTAL_WORDS.has(word)) &&
    words.every((word) => FRONTAL_WORDS.has(word) || CHEST_WORDS.has(word) || NEUTRAL_WORDS.has(word))
  );
}

/** Whether an item of Anatomic Region Sequence is the chest. */
export function isChestRegion(concept: CodedConcept): boolean {
  return isIn(CHEST_REGIONS, concept);
}

/** Whether an item of View Code Sequence is a frontal view. */
export function isFrontalViewCode(concept: CodedConcept): boolean {
  return isIn(FRONTAL_VIEWS, concept);
}

/** Whether a description mentions the chest. */
export function mentionsChest(text: string): boolean {
  return wordsOf(text).some((word) => CHEST_WORDS.has(word));
}

/** Whether a description names another body part and not the chest. */
export function describesOtherBodyPart(text: string): boolean {
  return !mentionsChest(text) && OTHER_BODY_PARTS.test(wordsOf(text).join(' '));
}

/** Whether a description names a view that is not frontal, and no frontal one (`PA AND LAT` names both). */
export function describesOtherView(text: string): boolean {
  const words = wordsOf(text);
  return LATERAL_OR_OBLIQUE.test(words.join(' ')) && !words.some((word) => FRONTAL_WORDS.has(word));
}

function isIn(codes: Readonly<Record<string, ReadonlySet<string>>>, concept: CodedConcept): boolean {
  return codes[SCHEMES[concept.scheme] ?? concept.scheme]?.has(concept.value) ?? false;
}

function wordsOf(text: string): readonly string[] {
  const shortened = text
    .toUpperCase()
    .replace(/ANTER(O|IOR)[^A-Z]*POSTERIOR/g, 'AP')
    .replace(/POSTER(O|IOR)[^A-Z]*ANTERIOR/g, 'PA');
  return shortened.match(/[A-Z0-9]+/g) ?? [];
}
