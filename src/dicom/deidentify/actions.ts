/** What becomes of an attribute when a film is de-identified, by its tag and, beyond the tables, by its value representation. */
import { BASIC_PROFILE } from './basic-profile.ts';
import { BEYOND_THE_PROFILE } from './beyond-the-profile.ts';

/**
 * KEEP as it is (of a sequence: its items are gone through), REMOVE, EMPTY to no value, DUMMY for a value that says nothing,
 * REPLACE_UIDS by others, the same ones each time.
 */
export type Action = 'KEEP' | 'REMOVE' | 'EMPTY' | 'DUMMY' | 'REPLACE_UIDS';

/** One attribute of the tables. */
export interface AttributeAction {
  readonly tag: number;
  readonly action: Action;
  /** By PS3.6, for files that do not state it. */
  readonly vr: string;
  readonly keyword: string;
}

/**
 * Where the profile leaves a choice by the type that an attribute has in the object's definition, the alternative that every
 * definition allows: an attribute of type 2 may be empty but not absent, one of type 1 needs a value. Neither leaves more of
 * the original than the others.
 */
const CHOICES: Readonly<Record<string, Action>> = {
  X: 'REMOVE',
  Z: 'EMPTY',
  D: 'DUMMY',
  U: 'REPLACE_UIDS',
  'X/Z': 'EMPTY',
  'X/D': 'DUMMY',
  'Z/D': 'DUMMY',
  'X/Z/D': 'DUMMY',
  // References to other images: the sequence stays, the UIDs in it are replaced.
  'X/Z/U*': 'KEEP',
};

function parse(table: string): readonly AttributeAction[] {
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [tag = '', code = '', vr = '', keyword = ''] = line.split(' ');
      const action = CHOICES[code];
      if (action === undefined) throw new TypeError(`${keyword} has the action ${code}.`);
      // No image needs such a sequence with an item in it, but for those that the profile wants to have one.
      const isOptionalSequence = vr === 'SQ' && action === 'DUMMY' && code !== 'D';
      return { tag: Number.parseInt(tag, 16), action: isOptionalSequence ? 'EMPTY' : action, vr, keyword };
    });
}

/** Every line of table E.1-1 that names one attribute, with the choice made. */
const PROFILE_ATTRIBUTES: readonly AttributeAction[] = parse(BASIC_PROFILE);

/** What is taken out besides. */
const FURTHER_ATTRIBUTES: readonly AttributeAction[] = parse(BEYOND_THE_PROFILE);

const BY_TAG: ReadonlyMap<number, AttributeAction> = new Map(
  [...FURTHER_ATTRIBUTES, ...PROFILE_ATTRIBUTES].map((attribute) => [attribute.tag, attribute]),
);

/** Unlisted attributes of a newer standard than the tables: what would be a name, a time or a text for people to read. */
const BY_VR: Readonly<Record<string, Action>> = {
  PN: 'EMPTY',
  DA: 'EMPTY',
  DT: 'EMPTY',
  TM: 'EMPTY',
  LT: 'REMOVE',
  ST: 'REMOVE',
  UT: 'REMOVE',
  UC: 'REMOVE',
  UR: 'REMOVE',
};

/**
 * What becomes of an attribute.
 *
 * @param vr - as the file states it; undefined when it does not
 */
export function actionOf(tag: number, vr: string | undefined): Action {
  return removedByGroup(tag) ? 'REMOVE' : (BY_TAG.get(tag)?.action ?? BY_VR[vr ?? ''] ?? 'KEEP');
}

/** Value representation of an attribute of the tables. */
export function vrOf(tag: number): string | undefined {
  return BY_TAG.get(tag)?.vr;
}

/**
 * Private attributes and creators, group lengths, groups that belong to messages, files and directories, curves, overlays and
 * their like, pixels other than those of the image itself.
 */
function removedByGroup(tag: number): boolean {
  const group = Math.floor(tag / 0x1_0000);
  const element = tag % 0x1_0000;
  if (group % 2 === 1 || element === 0 || group < 0x0008) return true;
  const high = group >> 8;
  return high === 0x50 || high === 0x60 || (high === 0x7f && group !== 0x7fe0);
}
