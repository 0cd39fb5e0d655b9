/** What a model version states about itself: the source attributes of its manifest, with those that are missing. */
import { type CardKey, SOURCE_ATTRIBUTES, SOURCE_HEADINGS } from './source-attributes.ts';

/** A source attribute as a model version states it. */
export interface CardAttribute {
  /** Number of the heading and letter within it: "1(a)". */
  readonly number: string;
  /** Field of the manifest's `card`. */
  readonly key: string;
  readonly name: string;
  /** Null: missing. */
  readonly value: string | null;
}

/** One of the nine headings. */
export interface CardHeading {
  /** 1 to 9. */
  readonly number: number;
  readonly name: string;
  readonly attributes: readonly CardAttribute[];
}

/** The card of a model version. */
export interface ModelCard {
  /** All nine, each with all of its attributes. */
  readonly headings: readonly CardHeading[];
  /** Number and name of each missing attribute: "4(c) Demographic representativeness of the training data". */
  readonly missing: readonly string[];
  /** Whether none is missing. */
  readonly complete: boolean;
}

/**
 * The card of a manifest.
 *
 * @param manifest - as registered, which may be older than cards; without `card` all attributes are missing
 */
export function cardOf(manifest: unknown): ModelCard {
  const stated = statedIn(manifest);
  const statedValue = (key: CardKey): string | null => {
    const value = Object.hasOwn(stated, key) ? stated[key] : undefined;
    return typeof value === 'string' && value.trim() !== '' ? value : null;
  };
  const headings = SOURCE_HEADINGS.map(({ number, name, attributes }) => ({
    number,
    name,
    attributes: attributes.map((attribute) => ({ ...attribute, value: statedValue(attribute.key) })),
  }));
  const missing = SOURCE_ATTRIBUTES.filter(({ key }) => statedValue(key) === null).map(numbered);
  return { headings, missing, complete: missing.length === 0 };
}

/** Number and name of an attribute, for people. */
export function numbered({ number, name }: Pick<CardAttribute, 'number' | 'name'>): string {
  return `${number} ${name}`;
}

function statedIn(manifest: unknown): Readonly<Record<string, unknown>> {
  const { card } = (typeof manifest === 'object' && manifest !== null ? manifest : {}) as { readonly card?: unknown };
  return typeof card === 'object' && card !== null ? (card as Readonly<Record<string, unknown>>) : {};
}
