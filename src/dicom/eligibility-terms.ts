/** What words and codes of headers mean for the gate; the words are in eligibility-words.ts. */
import {
  CHEST_SIGNS,
  CHEST_WORDS,
  FRONTAL_SIGNS,
  FRONTAL_WORDS,
  NEUTRAL_SIGNS,
  NEUTRAL_WORDS,
  OTHER_BODY_PART_SIGNS,
  OTHER_BODY_PART_WORDS,
  OTHER_VIEW_SIGNS,
  OTHER_VIEW_WORDS,
  SILENT_WORDS,
} from './eligibility-words.ts';
import type { CodedConcept } from './image-tables.ts';

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

/** What a coded attribute says of one question. */
export type Statement =
  /** What a frontal chest film should say, and nothing else. */
  | 'YES'
  /** That, and words that are not known. */
  | 'UNCLEAR'
  /** Nothing: words such as UNKNOWN, or those that answer another question, such as PORTABLE. */
  | 'NOTHING'
  | 'NO';

/** Whether a Body Part Examined says chest. `CHEST PA` does, `CHEST ABDOMEN` does not, `CHEST ZONE 4` is unclear. */
export function statesChest(text: string): Statement {
  const words = wordsOf(text);
  const { chest, otherBodyPart, otherView } = describe(text);
  if (words.every(isSilent)) return 'NOTHING';
  if (!chest || otherBodyPart || otherView) return 'NO';
  return words.every((word) => CHEST_WORDS.has(word) || FRONTAL_WORDS.has(word) || isSilent(word)) ||
    CHEST_SIGNS.test(text)
    ? 'YES'
    : 'UNCLEAR';
}

/** Whether a View Position says frontal. `PA` does, `AP LORDOTIC` does not, `PA MODE 7B` is unclear. */
export function statesFrontal(text: string): Statement {
  const words = wordsOf(text);
  const { frontal, otherBodyPart, otherView } = describe(text);
  if (words.every(isSilent)) return 'NOTHING';
  if (!frontal || otherBodyPart || otherView) return 'NO';
  return words.every((word) => FRONTAL_WORDS.has(word) || CHEST_WORDS.has(word) || isSilent(word)) ||
    FRONTAL_SIGNS.test(text)
    ? 'YES'
    : 'UNCLEAR';
}

/** Numbers count views, or give a distance, a time or the voltage. */
function isSilent(word: string): boolean {
  return (
    NEUTRAL_WORDS.has(word) ||
    SILENT_WORDS.has(word) ||
    NEUTRAL_SIGNS.test(word) ||
    /^\d+(V|VW|VIEWS?|CM|IN|KV)?$/.test(word)
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

/** What a description says; nothing of it excludes the others (`PA AND LAT` names both kinds of view). */
export interface Description {
  readonly chest: boolean;
  readonly otherBodyPart: boolean;
  readonly frontal: boolean;
  readonly otherView: boolean;
  /** In upper case, words divided by single spaces. */
  readonly text: string;
}

/** Reads a description in the languages of eligibility-words.ts. */
export function describe(description: string | null): Description {
  const words = wordsOf(description ?? '');
  const text = words.join(' ');
  const has = (known: ReadonlySet<string>, signs: RegExp) => words.some((word) => known.has(word)) || signs.test(text);
  return {
    chest: has(CHEST_WORDS, CHEST_SIGNS),
    otherBodyPart: has(OTHER_BODY_PART_WORDS, OTHER_BODY_PART_SIGNS),
    frontal: has(FRONTAL_WORDS, FRONTAL_SIGNS),
    otherView: has(OTHER_VIEW_WORDS, OTHER_VIEW_SIGNS),
    text,
  };
}

function isIn(codes: Readonly<Record<string, ReadonlySet<string>>>, concept: CodedConcept): boolean {
  return codes[SCHEMES[concept.scheme] ?? concept.scheme]?.has(concept.value) ?? false;
}

/** Words of two letters that are found in a longer one; others of two are found by chance. */
const SHORT_PARTS: ReadonlySet<string> = new Set(['PA', 'AP', 'LL', 'RL', 'XR', 'RX', 'CR', 'DX', 'DR']);
/** Longest word that is taken apart, so that the time is bounded; Body Part Examined and View Position have 16 characters. */
const LONGEST_COMPOUND = 32;

const isKnown = (word: string): boolean =>
  CHEST_WORDS.has(word) ||
  FRONTAL_WORDS.has(word) ||
  OTHER_BODY_PART_WORDS.has(word) ||
  OTHER_VIEW_WORDS.has(word) ||
  isSilent(word);

/** The parts of words written as one, such as `PEDCHEST`, `CHESTPA` and `CHESTABDOMEN`; the word itself unless all parts are known. */
function partsOf(word: string): readonly string[] {
  return isKnown(word) || word.length > LONGEST_COMPOUND ? [word] : (splitKnown(word) ?? [word]);
}

/** @param hopeless - lengths of endings that have no known parts: a row of digits has a million ways to be taken apart */
function splitKnown(word: string, hopeless: Set<number> = new Set()): readonly string[] | null {
  if (word === '') return [];
  if (hopeless.has(word.length)) return null;
  for (let length = word.length; length > 1; length -= 1) {
    const part = word.slice(0, length);
    if (!(length > 2 ? isKnown(part) : SHORT_PARTS.has(part) || /^\d[\dV]$/.test(part))) continue;
    const rest = /^\d$/.test(word.slice(length)) ? [word.slice(length)] : splitKnown(word.slice(length), hopeless);
    if (rest !== null) return [part, ...rest];
  }
  hopeless.add(word.length);
  return null;
}

/** Full-width forms become ordinary ones, letters lose their diacritics, and what says AP or PA at length is shortened. */
function wordsOf(text: string): readonly string[] {
  const plain = text
    .normalize('NFKC')
    .toUpperCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC');
  const shortened = plain
    .replace(/ANTER(O|IOR)[^A-Z]*POSTERI\w*|VOOR-?ACHTERWAARTS/g, ' AP ')
    .replace(/POSTER(O|IOR)[^A-Z]*ANTERI\w*|ACHTER-?VOORWAARTS/g, ' PA ')
    .replace(/\b([AP])(?:[./ _>-]{1,2}|→|-+>| ?TO ?)([AP])\b/g, ' $1$2 ')
    .replace(/\b(D[./-]{1,2}V|V[./-]{1,2}D)\b/g, ' AP ')
    // Japanese and Chinese write the view beside them: PA立位.
    .replace(/(?<=[A-Z])(?=\p{Script=Han})|(?<=\p{Script=Han})(?=[A-Z])/gu, ' ')
    // Lying on the back, in languages where decubitus alone means lying; English means the lateral view by it.
    .replace(/DECUBIT(US|O) (DORSAL|SUPIN)\w*/g, ' SUPINE ');
  return (shortened.match(/[\p{L}\p{M}\p{N}→ー]+/gu) ?? []).flatMap(partsOf);
}
