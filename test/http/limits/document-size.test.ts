import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { sizeOfDocument } from '../../../src/http/graphql/limits/document-size.ts';

const size = (text: string) => sizeOfDocument(parse(text));

/** `levels` fragments, each of which spreads the next twice. */
function bomb(levels: number): string {
  const fragments = Array.from(
    { length: levels },
    (_, level) => `fragment f${level} on T { a { ...f${level + 1} } b: a { ...f${level + 1} @skip(if: false) } }`,
  );
  return `{ ...f0 } ${fragments.join(' ')} fragment f${levels} on T { id }`;
}

describe('the size of an operation', () => {
  it.each([
    ['{ a }', { depth: 1, aliases: 0, directives: 0, rootFields: 1, selections: 1 }],
    ['{ a { b { c } } d }', { depth: 3, aliases: 0, directives: 0, rootFields: 2, selections: 4 }],
    ['{ x: a { y: b z: b } }', { depth: 2, aliases: 3, directives: 0, rootFields: 1, selections: 3 }],
    ['query ($v: Int @d) @d { a @d @d { ... @d { b @d } } }', { depth: 2, directives: 6, rootFields: 1 }],
    ['{ ... { a b } ... on Query { c } }', { depth: 1, rootFields: 3, selections: 5 }],
    ['{ __schema { types { name } } }', { depth: 3, rootFields: 1 }],
    ['query A { a } query B { a { b { c } } x: a }', { depth: 3, aliases: 1, rootFields: 2 }],
  ])('counts %s', (text, expected) => {
    expect(size(text)).toMatchObject(expected);
  });

  it('counts a fragment once for each spread, at the level of the spread', () => {
    expect(
      size('{ a { ...f } b { c { ...f } } } fragment f on T @d { x: d @d { e } ...g } fragment g on T { y: h }'),
    ).toEqual({ depth: 4, aliases: 4, directives: 4, rootFields: 2, selections: 13 });
  });

  it('counts fragments that spread each other into more fields than there is memory, at once', () => {
    const began = performance.now();
    expect(size(bomb(60))).toMatchObject({ depth: 61, aliases: 2 ** 60 - 1, directives: 2 ** 60 - 1 });
    expect(size(bomb(600)).depth).toBe(601);
    expect(performance.now() - began).toBeLessThan(500);
  });

  it.each([
    ['itself', '{ ...a } fragment a on T { b { ...a } }'],
    [
      'a circle of three',
      '{ ...a } fragment a on T { x { ...b } } fragment b on T { y { ...c } } fragment c on T { z { ...a } }',
    ],
    ['a fragment that there is not', '{ ...nothing }'],
  ])('ends for a fragment that spreads %s', (_what, text) => {
    expect(size(text).depth).toBeLessThan(5);
  });
});
