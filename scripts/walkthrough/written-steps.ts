/** The operations of a section of a document, each under a heading of its own and with a picture of its answer. */
import { Kind, parse } from 'graphql';

/** One of them. */
export interface WrittenStep {
  /** Name of its operation. */
  readonly name: string;
  readonly document: string;
  /** First field that it asks for. */
  readonly field: string;
  /** Path of its picture, from the folder of the document. */
  readonly picture: string;
}

const STEP = /```graphql\n([\s\S]*?)```\s*!\[[^\]]*\]\(([^)]+)\)/g;

/**
 * The steps in their order.
 *
 * @param markdown - the document
 * @param heading - of the section, which reaches to the next of its level
 * @throws Error when there is no such section, or an operation in it has no name
 */
export function writtenSteps(markdown: string, heading: string): readonly WrittenStep[] {
  const section = markdown.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`There is no section "${heading}".`);
  return [...section.matchAll(STEP)].map(([, document = '', picture = '']) => {
    const [definition] = parse(document).definitions;
    if (definition?.kind !== Kind.OPERATION_DEFINITION || definition.name === undefined) {
      throw new Error(`An operation has no name: ${document}`);
    }
    const [selection] = definition.selectionSet.selections;
    const field = selection?.kind === Kind.FIELD ? selection.name.value : definition.name.value;
    return { name: definition.name.value, document, field, picture };
  });
}
