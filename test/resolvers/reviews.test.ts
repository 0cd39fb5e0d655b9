/** What clinicians say of findings: who may, of what, and who is shown what. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { BY_TEST, shadowModel } from '../support/records.ts';
import { type SeededStudy, seedModel, seedStudy } from './seed.ts';
import { openApi, type TestApi, type TestClient } from './support.ts';

const UNKNOWN_ID = '018f0000-0000-7000-8000-000000000000';

let api: TestApi;
let modelVersionId: string;
let study: SeededStudy;
/** Ids of the first film's findings by label; those from index 9 on are positive. */
let findings: Map<string, string>;

beforeAll(async () => {
  api = await openApi();
  modelVersionId = await seedModel(api.store, '1.0.0', false);
  study = await seedStudy(api.store, { modelVersionId, films: 2 });
  const rows = await api.store.prisma.finding.findMany({ where: { inferenceId: film(0) } });
  findings = new Map(rows.map(({ id, label }) => [label, id]));
});

afterAll(() => api?.[Symbol.asyncDispose]());

const film = (index: number) => study.instances[index]?.inferenceId ?? '';
const clinician = (subject = 'dr-one') => api.as({ roles: ['CLINICIAN'], subject, displayName: `Name of ${subject}` });

const REVIEW = `mutation ($input: RecordReviewInput!) { recordReview(input: $input) {
  review { label verdict comment reviewer reviewerName superseded } finding { id } } }`;
const MISSED = `mutation ($input: RecordMissedFindingInput!) { recordMissedFinding(input: $input) {
  review { label verdict comment superseded } inference { id } } }`;

const review = (client: TestClient, label: string, verdict: string, comment?: string) =>
  client.run(REVIEW, {
    input: { findingId: toGlobalId('Finding', findings.get(label) ?? UNKNOWN_ID), verdict, comment },
  });
const missed = (client: TestClient, label: string, inferenceId = film(0), comment?: string) =>
  client.run(MISSED, { input: { inferenceId: toGlobalId('Inference', inferenceId), label, comment } });

const reviewsOf = async (client: TestClient, label: string) => {
  const source = `{ node(id: "${toGlobalId('Finding', findings.get(label) ?? '')}") { ... on Finding {
    reviews { verdict comment reviewer reviewerName superseded } } } }`;
  return (await client.data<{ node: { reviews: Record<string, unknown>[] } }>(source)).node.reviews;
};

describe('a review', () => {
  it('is stored, shown, and recorded in the audit with what it is about', async () => {
    const answer = await review(clinician(), 'Edema', 'AGREE', '  as seen  ');
    expect(answer).toEqual({
      errors: [],
      data: {
        recordReview: {
          review: {
            label: 'Edema',
            verdict: 'AGREE',
            comment: 'as seen',
            reviewer: 'dr-one',
            reviewerName: 'Name of dr-one',
            superseded: false,
          },
          finding: { id: toGlobalId('Finding', findings.get('Edema') ?? '') },
        },
      },
    });
    const [stored] = await api.store.prisma.findingReview.findMany();
    expect(stored).toMatchObject({
      modelVersionId,
      studyId: study.studyId,
      patientId: study.patientId,
      inferenceId: film(0),
    });
    const record = await api.store.prisma.auditRecord.findFirst({ where: { subject: 'dr-one', action: 'CREATE' } });
    expect(record).toMatchObject({
      patientId: study.patientId,
      findingIds: [findings.get('Edema')],
      inferenceIds: [film(0)],
      modelVersionIds: [modelVersionId],
    });
    expect(JSON.parse(record?.details ?? '')).toEqual({ review: stored?.id, verdict: 'AGREE' });
  });

  it('is superseded by the next of the same reviewer, and by that alone', async () => {
    await review(clinician('dr-two'), 'Edema', 'DISAGREE');
    await review(clinician(), 'Edema', 'NOT_ASSESSABLE');
    const shown = await reviewsOf(clinician(), 'Edema');
    expect(shown.map(({ verdict, superseded }) => [verdict, superseded])).toEqual([
      ['NOT_ASSESSABLE', false],
      ['DISAGREE', false],
      ['AGREE', true],
    ]);
  });

  it('has an order, however fast one reviewer is', async () => {
    const verdicts = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'AGREE' : 'DISAGREE'));
    await Promise.all(verdicts.map((verdict) => review(clinician('dr-fast'), 'Fibrosis', verdict)));
    const rows = await api.store.prisma.findingReview.findMany({ where: { reviewer: 'dr-fast' } });
    expect(new Set(rows.map(({ createdAt }) => createdAt.getTime())).size).toBe(20);
    const shown = await reviewsOf(clinician(), 'Fibrosis');
    expect(shown.filter(({ superseded }) => !superseded)).toHaveLength(1);
  });

  it('shows its author and comment to administrators, auditors and the author; the verdict to all who see the finding', async () => {
    const authors = async (client: TestClient) =>
      (await reviewsOf(client, 'Edema')).map(({ reviewer, reviewerName, comment }) => [
        reviewer,
        reviewerName,
        comment,
      ]);
    const nobody = [null, null, null];
    expect(await authors(api.as({ roles: ['ADMIN'], subject: 'admin' }))).toEqual([
      ['dr-one', 'Name of dr-one', null],
      ['dr-two', 'Name of dr-two', null],
      ['dr-one', 'Name of dr-one', 'as seen'],
    ]);
    expect(await authors(clinician('dr-two'))).toEqual([nobody, ['dr-two', 'Name of dr-two', null], nobody]);
    expect(await authors(api.as({ roles: ['INTEGRATION'], subject: 'ris' }))).toEqual([nobody, nobody, nobody]);
  });

  it('cannot be changed or removed', async () => {
    await expect(api.store.prisma.findingReview.updateMany({ data: { verdict: 'AGREE' } })).rejects.toThrow();
    await expect(api.store.prisma.findingReview.deleteMany()).rejects.toThrow();
  });

  it('takes a comment of 2,000 characters and no longer one', async () => {
    expect((await review(clinician('dr-long'), 'Hernia', 'AGREE', 'x'.repeat(2000))).errors).toEqual([]);
    const before = await api.store.prisma.findingReview.count();
    expect((await review(clinician('dr-long'), 'Hernia', 'AGREE', 'x'.repeat(2001))).errors).toMatchObject([
      { code: 'BAD_REQUEST' },
    ]);
    expect((await review(clinician('dr-long'), 'Hernia', 'AGREE', 'a\0b')).errors).toMatchObject([
      { code: 'BAD_REQUEST' },
    ]);
    expect(await api.store.prisma.findingReview.count()).toBe(before);
  });
});

describe('a missed finding', () => {
  it('of a label of the model, however it is written, is about the negative finding', async () => {
    const answer = await missed(clinician('dr-missed'), 'pleural effusion');
    expect(answer.data).toMatchObject({ recordMissedFinding: { review: { label: 'pleural effusion' } } });
    expect((await missed(clinician('dr-missed'), ' INFILTRATION ')).data).toMatchObject({
      recordMissedFinding: { review: { label: 'Infiltration', verdict: 'MISSED', superseded: false } },
    });
    expect(await reviewsOf(clinician('dr-missed'), 'Infiltration')).toMatchObject([{ verdict: 'MISSED' }]);
    await review(clinician('dr-missed'), 'Infiltration', 'AGREE');
    const source = `{ inference(id: "${toGlobalId('Inference', film(0))}") { missedFindings { label superseded } } }`;
    expect(await clinician().data(source)).toEqual({
      inference: {
        missedFindings: [
          { label: 'Infiltration', superseded: true },
          { label: 'pleural effusion', superseded: false },
        ],
      },
    });
    const technologist = await api.as({ roles: ['TECHNOLOGIST'] }).run(source);
    expect(technologist.errors).toMatchObject([{ code: 'FORBIDDEN' }]);
  });

  it('is none where the reading has found it, or is not done', async () => {
    expect((await missed(clinician(), 'Pleural thickening')).errors).toMatchObject([{ code: 'INVALID_STATE' }]);
    const { prisma } = api.store;
    await prisma.inference.update({ where: { id: film(1) }, data: { state: 'FAILED' } });
    expect((await missed(clinician(), 'Mass', film(1))).errors).toMatchObject([{ code: 'INVALID_STATE' }]);
    await prisma.inference.update({ where: { id: film(1) }, data: { state: 'DONE' } });
    for (const label of ['  ', 'x'.repeat(201)]) {
      expect((await missed(clinician(), label)).errors).toMatchObject([{ code: 'BAD_REQUEST' }]);
    }
  });
});

describe('what a clinician may not see', () => {
  it('is not there to review: records of other issuers', async () => {
    const hidden = api.as({ roles: ['CLINICIAN'], issuers: ['ELSEWHERE'] });
    const before = await api.store.prisma.findingReview.count();
    const unknown = await clinician().run(REVIEW, {
      input: { findingId: toGlobalId('Finding', UNKNOWN_ID), verdict: 'AGREE' },
    });
    expect(unknown.errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect(await review(hidden, 'Edema', 'AGREE')).toEqual(unknown);
    const unknownReading = await missed(clinician(), 'Mass', UNKNOWN_ID);
    expect(unknownReading.errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect(await missed(hidden, 'Mass')).toEqual(unknownReading);
    expect(await api.store.prisma.findingReview.count()).toBe(before);
  });

  it('is not there to review: shadow readings, unless an administrator has marked them to be seen', async () => {
    const shadow = await seedModel(api.store, '2.0.0', false);
    await shadowModel(api.store, shadow);
    const { inferenceId } = await api.store.inferences.request({
      instanceId: study.instances[0]?.id ?? '',
      modelVersionId: shadow,
      priority: 'ROUTINE',
      by: BY_TEST,
    });
    await api.store.prisma.inference.update({ where: { id: inferenceId }, data: { state: 'DONE' } });
    expect((await missed(clinician(), 'Mass', inferenceId)).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect((await missed(api.as({ roles: ['CLINICIAN', 'ADMIN'] }), 'Mass', inferenceId)).errors).toEqual([]);
  });

  it('may be reviewed by whoever is granted its study', async () => {
    const granted = api.as({
      roles: ['CLINICIAN'],
      subject: 'dr-granted',
      issuers: [],
      studies: [study.studyInstanceUid],
    });
    expect((await review(granted, 'Edema', 'AGREE')).errors).toEqual([]);
  });
});
