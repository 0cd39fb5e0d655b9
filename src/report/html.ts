/** HTML and SVG as text. What is put into a template is escaped, unless it was made by one: there is no other way in. */

/** Text that is HTML already. */
export class Html {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /** Joins the literal parts of a template, which are HTML, with its values, which are escaped. */
  static of(literals: readonly string[], values: readonly Part[]): Html {
    return new Html(
      literals.map((literal, index) => (index === 0 ? '' : textOf(values[index - 1])) + literal).join(''),
    );
  }
}

/** What a template takes; null and undefined are nothing, lists are joined. */
export type Part = Html | string | number | null | undefined | readonly Part[];

/** The tag of templates: html`<p>${anything}</p>`. Values are safe within elements and within quoted attributes. */
export function html(literals: TemplateStringsArray, ...values: readonly Part[]): Html {
  return Html.of(literals, values);
}

const NAMES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Characters that HTML does not allow, those that turn the direction of text or break its lines, and those that cannot be seen: a
 * document that is signed must not read otherwise than it is written. The joiners U+200C and U+200D and the variation selector
 * U+FE0F are part of words and pictographs.
 */
const REPLACED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufff9-\ufffb\p{Noncharacter_Code_Point}\p{Surrogate}]|(?!\u200c|\u200d|\ufe0f)\p{Default_Ignorable_Code_Point}/gu;

/** Marks on one letter, more than any writing has: heaped up, they would cover the lines above and below. */
const HEAP = /(\p{M}{6})\p{M}+/gu;

/** Empty lines beyond one: they would push what follows out of sight. */
const EMPTY_LINES = /\n(?:[^\S\n]*\n){2,}/g;

function textOf(part: Part): string {
  if (part === null || part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'number') return String(part);
  if (typeof part !== 'string') return part.map(textOf).join('');
  return part
    .replace(REPLACED, '\ufffd')
    .replace(HEAP, '$1\ufffd')
    .replace(EMPTY_LINES, '\n\n')
    .replace(/[&<>"']/g, (character) => NAMES[character] ?? '');
}
