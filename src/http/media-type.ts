/** Media types of Content-Type and Accept headers (RFC 9110 sections 8.3.1 and 12.5.1). */

/** A parsed media type. */
export interface MediaType {
  /** type/subtype in lower case. */
  readonly essence: string;
  /** Parameter names in lower case; values as sent, unquoted. */
  readonly parameters: ReadonlyMap<string, string>;
}

const ESSENCE = /^\s*([!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+)/;

/**
 * One parameter. Unquoted values may hold more than the token characters of RFC 9110: senders write
 * `type=application/dicom` without the quotes that its slash calls for.
 */
const PARAMETER = /\s*;\s*(?:([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+)))?/y;

/**
 * @returns undefined when the text is no media type, or names a parameter twice: two boundaries would let two readers
 *   of one message see different parts
 */
export function parseMediaType(text: string): MediaType | undefined {
  const essence = ESSENCE.exec(text);
  if (essence?.[1] === undefined) return undefined;
  const parameters = new Map<string, string>();
  let at = essence[0].length;
  while (at < text.length) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(text);
    if (match === null)
      return text.slice(at).trim() === '' ? { essence: essence[1].toLowerCase(), parameters } : undefined;
    at = PARAMETER.lastIndex;
    const name = match[1]?.toLowerCase();
    if (name === undefined) continue; // an empty parameter, as in "a/b;"
    if (parameters.has(name)) return undefined;
    parameters.set(name, match[2]?.replaceAll(/\\(.)/g, '$1') ?? match[3] ?? '');
  }
  return { essence: essence[1].toLowerCase(), parameters };
}

/** One media range of an Accept header with its weight. */
export interface MediaRange extends MediaType {
  /** 0 (not acceptable) to 1. */
  readonly weight: number;
}

/** Splits at commas that are not inside quotes. */
const LIST_ITEM = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g;

/** The ranges of an Accept header in the order sent; what cannot be parsed is left out. */
function parseAccept(header: string): readonly MediaRange[] {
  return (header.match(LIST_ITEM) ?? []).flatMap((item) => {
    const type = parseMediaType(item);
    if (type === undefined) return [];
    const weight = Number(type.parameters.get('q') ?? 1);
    return Number.isFinite(weight) && weight >= 0 && weight <= 1 ? [{ ...type, weight }] : [];
  });
}

/**
 * Picks what to answer.
 *
 * @param header - Accept; absent means anything
 * @param offers - each offered media type with further names it is asked by, the preferred offer first
 * @param essenceOf - what a range asks for, for ranges whose wanted type is in a parameter
 * @returns the offer of the highest weight, the more specific range deciding each weight; undefined when none is accepted
 */
export function negotiate<Offer extends string>(
  header: string | undefined,
  offers: Readonly<Record<Offer, readonly string[]>>,
  essenceOf: (range: MediaRange) => string = (range) => range.essence,
): Offer | undefined {
  const names = Object.keys(offers) as Offer[];
  if (header === undefined || header.trim() === '') return names[0];
  const ranges = parseAccept(header).map((range) => ({ essence: essenceOf(range), weight: range.weight }));
  const weightOf = (offer: Offer): number => {
    const family = `${offer.slice(0, offer.indexOf('/'))}/*`;
    for (const candidates of [[offer, ...offers[offer]], [family], ['*/*']]) {
      const matches = ranges.filter((range) => candidates.includes(range.essence)).map((range) => range.weight);
      if (matches.length > 0) return Math.max(...matches);
    }
    return 0;
  };
  const weighted = names.map((offer) => ({ offer, weight: weightOf(offer) })).filter(({ weight }) => weight > 0);
  return weighted.sort((a, b) => b.weight - a.weight)[0]?.offer; // sort is stable: the preferred offer wins a tie
}
