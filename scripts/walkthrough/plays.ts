/** Who takes which step of the walk-through, what happens before it, and what later steps need of its answer. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, Person, Stage } from './stage.ts';

/** What is known by then: variables of the operations, by name. */
export type Known = Record<string, unknown>;

/** One step. */
export interface Play {
  /** Name of its operation in the document. */
  readonly name: string;
  readonly who: Person;
  readonly before?: (stage: Stage, known: Known) => Promise<void>;
  /** Variables for the steps that follow. */
  readonly learn?: (data: Data) => Known;
  /** The answer is an error. */
  readonly refused?: true;
}

type Data = NonNullable<Answer['data']>;

/** What happens between the steps. */
export interface Happenings {
  /** The next films come, so many. */
  readonly films: (stage: Stage, count: number) => Promise<void>;
  /** The commands of the first step. */
  readonly makeCandidate: (stage: Stage) => Promise<void>;
  /** The developer of the candidate writes its card. */
  readonly fillCard: (stage: Stage) => Promise<void>;
  /** Whether a film has a label, by its report. */
  readonly isTrue: (sopInstanceUid: string, label: string) => boolean;
}

const ADMIN: Person = 'Maria, ADMIN';
const SECOND_ADMIN: Person = 'Jonas, ADMIN';
const CLINICIAN: Person = 'Dr Chen, CLINICIAN';

const POLL_MS = 200;
const MOST_FINDINGS = 200;

const VERSIONS = '{ modelVersions { nodes { id state } } }';
const JOB = 'query ($job: ID!) { rereadJob(id: $job) { state } }';
const FINDINGS = `query ($version: ID!, $after: String) { findings(first: ${MOST_FINDINGS}, after: $after, filter: { modelVersionId: $version }) {
  nodes { id label positive inference { instance { sopInstanceUid } } } pageInfo { hasNextPage endCursor } } }`;
const REVIEW = 'mutation ($input: RecordReviewInput!) { recordReview(input: $input) { review { verdict } } }';

interface SeenFinding {
  readonly id: string;
  readonly label: string;
  readonly positive: boolean;
  readonly inference: { readonly instance: { readonly sopInstanceUid: string } };
}

/** The steps in their order. */
export function plays({ films, makeCandidate, fillCard, isTrue }: Happenings): readonly Play[] {
  const wrong = ({ label, positive, inference: { instance } }: SeenFinding) =>
    positive !== isTrue(instance.sopInstanceUid, label);
  return [
    {
      name: 'Register',
      who: ADMIN,
      before: async (stage) => {
        await films(stage, 60);
        await makeCandidate(stage);
      },
    },
    { name: 'Card', who: ADMIN, before: learnVersions },
    { name: 'TooEarly', who: ADMIN, refused: true },
    { name: 'RegisterAgain', who: ADMIN, before: fillCard },
    { name: 'Shadow', who: ADMIN },
    {
      name: 'ReadAgain',
      who: ADMIN,
      before: (stage) => films(stage, 10),
      learn: (data) => ({ job: at(data, 'requestReread', 'job', 'id') }),
    },
    { name: 'Progress', who: ADMIN, before: jobEnds },
    { name: 'Compare', who: ADMIN },
    { name: 'Thresholds', who: ADMIN },
    { name: 'Canary', who: ADMIN, learn: (data) => ({ request: at(data, 'moveModelVersion', 'request', 'id') }) },
    { name: 'Approve', who: SECOND_ADMIN },
    {
      name: 'Review',
      who: CLINICIAN,
      before: async (stage, known) => {
        await films(stage, 100);
        const findings = await findingsOf(stage, known.candidate);
        for (const finding of findings) await review(stage, finding.id, wrong(finding) ? 'DISAGREE' : 'AGREE');
        known.finding = (findings.find((finding) => finding.positive && wrong(finding)) ?? findings[0])?.id;
      },
    },
    { name: 'Performance', who: ADMIN },
    { name: 'Drift', who: ADMIN },
    { name: 'Activate', who: ADMIN, learn: (data) => ({ request: at(data, 'activateModelVersion', 'request', 'id') }) },
    { name: 'ApproveActivation', who: SECOND_ADMIN },
    {
      name: 'Provenance',
      who: ADMIN,
      before: async (stage, known) => {
        await films(stage, 1);
        known.finding = (await findingsOf(stage, known.candidate))[0]?.id;
      },
    },
    { name: 'RollBack', who: ADMIN, learn: (data) => ({ request: at(data, 'rollbackModelVersion', 'request', 'id') }) },
    { name: 'ApproveRollback', who: SECOND_ADMIN },
    { name: 'Life', who: ADMIN },
    { name: 'Report', who: ADMIN, learn: (data) => ({ report: at(data, 'node', 'auditReport', 'url') }) },
  ];
}

async function learnVersions(stage: Stage, known: Known): Promise<void> {
  const { data } = await stage.ask(ADMIN, VERSIONS, {});
  for (const { id, state } of at(data, 'modelVersions', 'nodes') as { id: string; state: string }[]) {
    known[state === 'ACTIVE' ? 'active' : 'candidate'] = id;
  }
}

async function jobEnds(stage: Stage, { job }: Known): Promise<void> {
  for (;;) {
    const { data } = await stage.ask(ADMIN, JOB, { job });
    if (at(data, 'rereadJob', 'state') === 'DONE') return;
    await delay(POLL_MS);
  }
}

/** The findings that the clinic sees of a version, newest first. */
async function findingsOf(stage: Stage, version: unknown): Promise<readonly SeenFinding[]> {
  const found: SeenFinding[] = [];
  let after: unknown = null;
  do {
    const { data } = await stage.ask(CLINICIAN, FINDINGS, { version, after });
    found.push(...(at(data, 'findings', 'nodes') as SeenFinding[]));
    after = at(data, 'findings', 'pageInfo', 'hasNextPage') ? at(data, 'findings', 'pageInfo', 'endCursor') : null;
  } while (after !== null);
  return found;
}

async function review(stage: Stage, findingId: string, verdict: string): Promise<void> {
  const { errors } = await stage.ask(CLINICIAN, REVIEW, { input: { findingId, verdict } });
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((inner, name) => (inner as Data)[name], value);
}
