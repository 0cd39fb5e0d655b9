/** Texts that PostgreSQL cannot store are the caller's fault, wherever they are written. */
import { parse } from 'graphql';
import { expect, it } from 'vitest';
import { hasUnstorableText } from '../../../src/http/graphql/limits/storable-texts.ts';
import { startTestApp } from '../../support/app.ts';

it('a NUL in a text of a mutation is BAD_REQUEST', async () => {
  await using gateway = await startTestApp({ ROLE: 'api' });
  const codes: unknown[] = [];
  for (const mutation of [
    'createApiKey(input: { name: "a\\u0000b", roles: [CLINICIAN], issuers: ["A"] }) { secret }',
    'createApiKey(input: { name: "ab", roles: [CLINICIAN], issuers: ["A\\u0000"] }) { secret }',
    'revokeIdentity(subject: "oidc:x#y\\u0000", reason: "because of this") { subject }',
    'revokeIdentity(subject: "oidc:x#y", reason: "because of\\u0000 this") { subject }',
    'openBreakGlass(input: { mrn: "M\\u0000", issuer: "A", reason: "because of an emergency" }) { opening { id } }',
    'openBreakGlass(input: { mrn: "M", issuer: "A", reason: "because of an\\u0000 emergency" }) { opening { id } }',
    'activateModelVersion(modelVersionId: "x", reason: "a\\u0000b") { modelVersion { id } }',
  ]) {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: `mutation { ${mutation} }` }),
    });
    const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
    codes.push(errors?.[0]?.extensions.code);
  }
  expect(new Set(codes)).toEqual(new Set(['BAD_REQUEST']));
});

it('is found in variables however deep, and not where there is none', () => {
  const document = parse('{ __typename }');
  let deep: unknown = 'a\0';
  for (let level = 0; level < 100_000; level += 1) deep = level % 2 === 0 ? [deep] : { deep };
  expect(hasUnstorableText(document, { deep })).toBe(true);
  expect(hasUnstorableText(document, { text: ['a'], file: Promise.resolve('\0'), nothing: null })).toBe(false);
  expect(hasUnstorableText(document, undefined)).toBe(false);
  expect(hasUnstorableText(document, { reason: 'half of a pair: \ud800' })).toBe(true);
  expect(hasUnstorableText(document, { reason: 'a whole pair: \u{1f600}' })).toBe(false);
});
