/** Thresholds of the active version are changed by two administrators; only films read after that are judged by them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey, OPERATOR } from '../src/access/api-keys.ts';
import { commandLineActor } from '../src/access/command-line.ts';
import { makePhantom } from '../src/dicom/phantom.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { graphql, type Subscription, stow, subscribe } from './support/client.ts';

interface Finding {
  readonly id: string;
  readonly label: string;
  readonly probability: number;
  readonly threshold: number;
  readonly positive: boolean;
  readonly provenance: { readonly thresholdSetVersion: number };
}
interface Completed {
  readonly findingsCompleted: {
    readonly findings: readonly Finding[];
    readonly inference: { readonly modelVersion: { readonly id: string } };
  };
}

const FINDING = 'id label probability threshold positive provenance { thresholdSetVersion }';
const LIVE = `subscription ($after: String) { findingsCompleted(after: $after) {
  findings { ${FINDING} } inference { modelVersion { id } } } }`;
const SET = `mutation ($input: SetModelThresholdsInput!) { setModelThresholds(input: $input) {
  thresholdSet { version } request { id state requestedBy } } }`;
const APPROVE = `mutation ($id: ID!) { approveModelTransition(requestId: $id) { request { state } } }`;

interface Answer {
  readonly data: {
    readonly setModelThresholds?: {
      readonly thresholdSet: { readonly version: number } | null;
      readonly request: { readonly id: string; readonly state: string } | null;
    };
    readonly approveModelTransition?: { readonly request: { readonly state: string } };
  } | null;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

let gateway: TestApp;
let live: Subscription<Completed>;
let seed = 140_000;

/** Asks as the one to whom a key of the command line was given. */
async function administrator(name: string) {
  const request = {
    name,
    roles: ['ADMIN'],
    issuers: ['*'],
    studies: [],
    deidentifiedOnly: false,
    expiresInDays: 1,
  } as const;
  const { secret } = await createApiKey(
    gateway.app.store.apiKeys,
    request,
    OPERATOR,
    commandLineActor('api-key create'),
  );
  return async (query: string, variables: Record<string, unknown>): Promise<Answer> => {
    const headers = { 'content-type': 'application/json', 'x-api-key': secret };
    const body = JSON.stringify({ query, variables });
    return (await (await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body })).json()) as Answer;
  };
}

async function readFilm(): Promise<Completed['findingsCompleted']> {
  seed += 1;
  expect((await stow(gateway.url, [makePhantom({ seed, rows: 256, columns: 256 })])).status).toBe(200);
  return (await live.next()).findingsCompleted;
}

const massOf = ({ findings }: Completed['findingsCompleted']) =>
  findings.find(({ label }) => label === 'Mass') as Finding;

beforeAll(async () => {
  gateway = await startTestApp({ GOVERNANCE_APPROVALS: 'two', INFERENCE_THREADS: '1' });
  live = await subscribe<Completed>(gateway.url, LIVE);
});
afterAll(async () => {
  await live?.[Symbol.asyncDispose]();
  await gateway?.[Symbol.asyncDispose]();
});

describe('thresholds of the active version, where two must agree', () => {
  it('hold from the approval by another on, and leave old findings as they are', async () => {
    const [ann, bob] = [await administrator('ann'), await administrator('bob')];
    const first = await readFilm();
    const old = massOf(first);
    expect(old).toMatchObject({ positive: old.probability >= old.threshold, provenance: { thresholdSetVersion: 1 } });
    // To the other side of what the film has, so that it would be judged otherwise.
    const threshold = old.positive ? 1 : 0;
    const asked = await ann(SET, {
      input: {
        modelVersionId: first.inference.modelVersion.id,
        thresholds: [{ label: 'Mass', threshold }],
        reason: 'a test',
      },
    });
    expect(asked.data?.setModelThresholds).toMatchObject({ thresholdSet: null, request: { state: 'OPEN' } });
    const id = asked.data?.setModelThresholds?.request?.id;
    expect((await ann(APPROVE, { id })).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    expect(massOf(await readFilm())).toMatchObject({
      threshold: old.threshold,
      provenance: { thresholdSetVersion: 1 },
    });

    expect((await bob(APPROVE, { id })).data).toEqual({ approveModelTransition: { request: { state: 'APPROVED' } } });
    const judged = massOf(await readFilm());
    expect(judged).toMatchObject({ threshold, positive: !old.positive, provenance: { thresholdSetVersion: 2 } });
    const { node } = await graphql<{ node: Finding }>(
      gateway.url,
      `query ($id: ID!) { node(id: $id) { ... on Finding { ${FINDING} } } }`,
      { id: old.id },
    );
    expect(node).toEqual(old);
    expect((await bob(APPROVE, { id })).errors).toMatchObject([{ extensions: { code: 'INVALID_STATE' } }]);
    const sets = await gateway.app.store.prisma.thresholdSet.findMany({ orderBy: { version: 'asc' } });
    expect(sets.map(({ version }) => version)).toEqual([1, 2]);
  });
});
