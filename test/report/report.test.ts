/** Reports of a version with a life, of one without anything, and of one as a restricted reader sees it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anonymousCaller } from '../../src/access/caller.ts';
import { ANONYMOUS, type Identity } from '../../src/access/identity.ts';
import { MAXIMUM_REPORTS_AT_ONCE, ModelReports } from '../../src/report/model-reports.ts';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { openApi, type TestApi } from '../resolvers/support.ts';
import { BY_TEST } from '../support/records.ts';
import { HOSTILE, LACKING, SECRETS, type SeededVersions, SINCE, seedVersions, UNTIL } from './seed.ts';

let api: TestApi;
let versions: SeededVersions;
let reports: ModelReports;
let full: string;

beforeAll(async () => {
  api = await openApi();
  versions = await seedVersions(api.store);
  reports = new ModelReports({ store: api.store, drift: { psi: 0.25, minimumFilms: 100 } });
  full = await report(versions.active);
});

afterAll(() => api?.[Symbol.asyncDispose]());

async function report(id: string, identity: Partial<Identity> = {}): Promise<string> {
  const caller = { ...anonymousCaller('request-1'), identity: { ...ANONYMOUS, ...identity } };
  return (await reports.make(caller, reports.plan(id, SINCE, UNTIL), 'report test')).html;
}

/** One section of a report, as its readers see it: without tags, spaces as one. */
function sectionOf(html: string, id: string): string {
  const [, rest = ''] = html.split(`<section id="${id}"`);
  const [own = ''] = rest.split('</section>');
  const text = own.slice(own.indexOf('>') + 1).replace(/<[^>]*>/g, ' ');
  const characters = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' } as const;
  return text
    .replace(/&(lt|gt|quot|#39|amp);/g, (name) => characters[name as keyof typeof characters])
    .replace(/\s+/g, ' ');
}

const SECTIONS = ['version', 'card', 'life', 'thresholds', 'evaluation', 'comparison', 'reviews', 'drift', 'limits'];
const PERIOD = `since: "${SINCE.toISOString()}", until: "${UNTIL.toISOString()}"`;
const idOf = (version: 'active' | 'candidate' | 'empty') => toGlobalId('ModelVersion', versions[version]);

describe('the document', () => {
  it('has every section, each in its contents', () => {
    expect([...full.matchAll(/<section id="(\w+)"/g)].map(([, id]) => id)).toEqual(SECTIONS);
    expect([...full.matchAll(/<li><a href="#(\w+)"/g)].map(([, id]) => id)).toEqual(SECTIONS);
  });

  it('loads nothing, runs nothing, and is below 2 MB', () => {
    expect(full).not.toMatch(/<script|<link|<img|<iframe|<object|\son\w+=|\ssrc=|url\(|@import| style="/i);
    expect(full.match(/<style>/g)).toHaveLength(1);
    expect([...full.matchAll(/ href="([^"]*)"/g)].filter(([, to]) => !to?.startsWith('#'))).toEqual([]);
    expect(Buffer.byteLength(full)).toBeLessThan(2_000_000);
  });

  it('says its language, and of each plot what it shows; ids are unique', () => {
    expect(full).toContain('<html lang="en">');
    const plots = full.match(/<svg /g) ?? [];
    expect(plots.length).toBeGreaterThan(9);
    expect(full.match(/<svg class="plot"[^>]* role="img" aria-labelledby="[^"]+">\n<title id/g)).toHaveLength(
      plots.length,
    );
    expect(full.match(/<figcaption>/g)).toHaveLength(plots.length);
    const ids = [...full.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(full).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('shows what people wrote as they wrote it, and nothing of it runs', () => {
    expect(full).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;all&#39; \ufffdgnorw');
    expect(sectionOf(full, 'life')).toContain(HOSTILE.replace('\u202e', '\ufffd'));
  });

  it('names no patient and no reviewer, and says nothing of what they wrote', async () => {
    const { prisma } = api.store;
    const studies = await prisma.study.findMany({ take: 200 });
    const films = await prisma.instance.findMany({ take: 200 });
    const uids = [
      ...studies.flatMap(({ id, studyInstanceUid }) => [id, studyInstanceUid]),
      ...films.map(({ id }) => id),
    ];
    const lower = full.toLowerCase();
    expect([...SECRETS, ...uids].filter((secret) => lower.includes(secret))).toEqual([]);
  });
});

describe('what it says', () => {
  it('of the version: every engine file, who registered it, and how the report was made', async () => {
    const text = sectionOf(full, 'version');
    const version = await api.store.prisma.modelVersion.findUniqueOrThrow({ where: { id: versions.active } });
    const manifest = version.manifest as unknown as { sha256: string; alternatives: { sha256: string }[] };
    for (const { sha256 } of [manifest, ...manifest.alternatives]) expect(text).toContain(sha256);
    expect(text).toMatch(/State ACTIVE .*Registered .*, by test /);
    expect(text).toContain('2026-10-01 00:00 UTC to 2026-10-15 00:00 UTC');
    expect(text).toContain('request-1');
  });

  it('of the card: 31 attributes, and which are missing', () => {
    const text = sectionOf(full, 'card');
    expect(full.match(/<th scope="row" class="number">\d\([a-e]\)<\/th>/g)).toHaveLength(31);
    expect(text).toContain('3 of 31 attributes are missing.');
    expect(text.match(/MISSING/g)).toHaveLength(3);
    for (const number of LACKING) expect(text.split('Missing attributes')[1]).toContain(number);
  });

  it('of its life: moves, requests that wait, thresholds', async () => {
    await api.store.prisma.modelTransitionRequest.create({
      data: {
        ...{
          modelVersionId: versions.candidate,
          toState: 'CANARY',
          arguments: {},
          reason: 'Next week',
          requestedBy: 'ada',
        },
        expiresAt: new Date(Date.now() + 86_400_000),
      },
    });
    expect(sectionOf(full, 'life')).toMatch(/REGISTERED SHADOW .* SHADOW CANARY .* CANARY ACTIVE .*quality board/);
    expect(sectionOf(full, 'life')).toContain('No request waits');
    expect(sectionOf(await report(versions.candidate), 'life')).toMatch(/move to CANARY ada Next week/);
    const thresholds = sectionOf(full, 'thresholds');
    expect(thresholds).toMatch(/2 \d{4}-.* UTC oidc:.*ada\.lovelace By hand\. Screening of new staff\./);
    expect(thresholds).toMatch(/Effusion 0\.0\d+ 0\.1\*/);
    expect(thresholds).toMatch(/Pleural Thickening 0\.0\d+ 0\.055\*/);
  });

  it('of its evaluation: the registered figures', () => {
    const text = sectionOf(full, 'evaluation');
    expect(text).toContain('Mean over labels 0.738 (0.704 to 0.766)');
    expect(text).toMatch(/Hernia 0\.\d{3} \(0\.\d{3} to 0\.\d{3}\)/);
  });

  it('of reviews: the figures of modelPerformance', async () => {
    const { modelPerformance } = await api.data<{
      modelPerformance: { groups: { labels: Record<string, number>[] }[] };
    }>(`{ modelPerformance(modelVersionId: "${idOf('active')}", ${PERIOD}) { groups { labels {
      label truePositives falsePositives trueNegatives falseNegatives notAssessable sensitivity { value successes trials } } } } }`);
    const labels = modelPerformance.groups[0]?.labels ?? [];
    expect(labels).toHaveLength(14);
    const text = sectionOf(full, 'reviews');
    for (const {
      label,
      truePositives,
      falsePositives,
      trueNegatives,
      falseNegatives,
      notAssessable,
      sensitivity,
    } of labels) {
      const name = String(label).replace('_', ' ');
      expect(text).toContain(
        `${name} ${truePositives} ${falsePositives} ${trueNegatives} ${falseNegatives} ${notAssessable} `,
      );
      const { value, successes, trials } = sensitivity as unknown as Record<string, number>;
      expect(text).toContain(`${value?.toFixed(2)} (${successes}/${trials})`);
    }
    for (const group of ['NORTH', 'ST ELSEWHERE', 'PA', 'not recorded', 'FEMALE', '65-79'])
      expect(text).toContain(group);
  });

  it('of other versions: the figures of modelComparison', async () => {
    const { modelComparison } = await api.data<{
      modelComparison: { films: number; labels: Record<string, number>[] };
    }>(`{ modelComparison(a: "${idOf('active')}", b: "${idOf('candidate')}", ${PERIOD}) { films labels {
      label becamePositive becameNegative kappa agreement { value low high successes trials } } } }`);
    const text = sectionOf(full, 'comparison');
    expect(text).toContain(`${modelComparison.films} films read by both.`);
    expect(text).toContain('1.1.0 (A) and chexnet-demo 1.2.0-rc.1 (B): beside a shadow version');
    expect(modelComparison.labels).toHaveLength(14);
    for (const { label, becamePositive, becameNegative, kappa, agreement } of modelComparison.labels) {
      const { value, low, high } = agreement as unknown as Record<string, number>;
      const [v, l, h] = [value, low, high].map((each) => each?.toFixed(3));
      const name = String(label).replace('_', ' ');
      expect(text).toContain(`${name} ${v} (${l} to ${h}) ${becamePositive} ${becameNegative} ${kappa?.toFixed(2)}`);
    }
    expect(sectionOf(await report(versions.candidate), 'comparison')).toContain('beside the active version');
  });

  it('of drift: the figures of modelDrift, and the alerts', async () => {
    const { modelDrift } = await api.data<{
      modelDrift: { days: { films: number; measures: { measure: string; psi: number }[] }[] };
    }>(`{ modelDrift(modelVersionId: "${idOf('active')}", ${PERIOD}) { days { films measures { measure psi } } } }`);
    const text = sectionOf(full, 'drift');
    const films = modelDrift.days.reduce((sum, day) => sum + day.films, 0);
    expect(text).toContain(`${films} on ${modelDrift.days.length} days`);
    const strong = modelDrift.days.filter((day) => day.films >= 100);
    for (const measure of ['input mean', 'Mass', 'Edema']) {
      const values = strong.flatMap(({ measures }) => measures.filter((each) => each.measure === measure));
      const indices = values.map(({ psi }) => psi).sort((a, b) => a - b);
      const [median, largest] = [indices[Math.floor((indices.length - 1) / 2)], indices.at(-1)];
      expect(text).toContain(`${measure} ${strong.length} ${median?.toFixed(3)} ${largest?.toFixed(3)} 2026-10-`);
    }
    expect(text).toContain('2 alerts of drift.');
    expect(text).toContain('2026-10-10 Mass 103 0.610 0.220 0.0007');
  });

  it('of a version without anything: that there is nothing', async () => {
    const bare = await report(versions.empty);
    expect([...bare.matchAll(/<section id="(\w+)"/g)].map(([, id]) => id)).toEqual(SECTIONS);
    expect(sectionOf(bare, 'card')).toContain('31 of 31 attributes are missing.');
    expect(sectionOf(bare, 'life')).toContain('has not been moved');
    expect(sectionOf(bare, 'evaluation')).toContain('No evaluation is registered');
    expect(sectionOf(bare, 'comparison')).toContain('No film of the period was read by both.');
    expect(sectionOf(bare, 'reviews')).toContain('No finding of the period has been reviewed.');
    expect(sectionOf(bare, 'drift')).toContain('has read no film');
  });

  it('to a restricted reader: figures of those patients, and that they are', async () => {
    const restricted = await report(versions.active, { issuers: ['NORTH'], studies: [] });
    for (const id of ['version', 'limits']) {
      expect(sectionOf(restricted, id)).toContain('are of patients of the assigning authorities NORTH only');
    }
    expect(sectionOf(restricted, 'reviews')).not.toContain('ELSEWHERE');
    const films = await api.store.prisma.inference.count({
      where: { modelVersionId: versions.active, study: { patient: { issuer: 'NORTH' } } },
    });
    expect(sectionOf(restricted, 'drift')).toContain(`${films} on `);
    expect(sectionOf(full, 'version')).not.toContain('RESTRICTED');
    const none = await report(versions.active, { issuers: [] });
    expect(sectionOf(none, 'drift')).toContain('has read no film');
  });
});

describe('making it', () => {
  it('is recorded in the audit, with its period and nobody named', async () => {
    await api.store.audit.seal();
    const record = await api.store.prisma.auditRecord.findFirst({ where: { operation: 'report test' } });
    expect(record).toMatchObject({
      action: 'READ',
      outcome: 'SUCCESS',
      modelVersionIds: [versions.active],
      patientId: null,
    });
    expect(JSON.stringify(record?.details)).toContain('2026-10-01T00:00:00.000Z');
  });

  it('takes a period of 92 days at most, and versions that are known', async () => {
    expect(() => reports.plan('x', new Date('2026-01-01T00:00:00Z'), UNTIL)).toThrow('92 days');
    expect(() => reports.plan('x', UNTIL, SINCE)).toThrow('begins before it ends');
    expect(() => reports.plan('x', new Date(Number.NaN), UNTIL)).toThrow('begins before it ends');
    const { period } = reports.plan('x', null, new Date('2026-11-24T18:00:00Z'));
    expect(period.from).toEqual(new Date('2026-08-25T00:00:00Z'));
    await expect(report('018f0000-0000-7000-8000-000000000000')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is done for a few at once', async () => {
    const asked = Array.from({ length: MAXIMUM_REPORTS_AT_ONCE + 1 }, () => report(versions.empty));
    const settled = await Promise.allSettled(asked);
    const refused = settled.filter((each) => each.status === 'rejected');
    expect(refused.map(({ reason }) => reason.code)).toEqual(['BUSY']);
    await expect(report(versions.empty)).resolves.toContain('<h1>bare 0.1</h1>');
  });

  it('by GraphQL gives the document and the address of one over the same period', async () => {
    const source = `{ modelVersion(id: "${idOf('empty')}") { auditReport(${PERIOD}) { url createdAt html } } }`;
    interface Asked {
      readonly modelVersion: { readonly auditReport: { readonly url: string; readonly html: string } | null };
    }
    const { modelVersion } = await api.as({ roles: ['AUDITOR'] }).data<Asked>(source);
    const query = new URLSearchParams({ since: SINCE.toISOString(), until: UNTIL.toISOString() });
    expect(modelVersion.auditReport?.url).toBe(`/model-versions/${idOf('empty')}/report.html?${query}`);
    expect(modelVersion.auditReport?.html).toContain('<h1>bare 0.1</h1>');
    for (const role of ['CLINICIAN', 'TECHNOLOGIST', 'INTEGRATION'] as const) {
      const answer = await api.as({ roles: [role] }).run(source);
      expect(answer.errors).toMatchObject([{ code: 'FORBIDDEN' }]);
      expect(JSON.stringify(answer.data ?? null)).not.toContain('<h1>');
    }
  });
});

it('compares the active version with the one that was active before it', async () => {
  const move = {
    modelVersionId: versions.candidate,
    toState: 'ACTIVE',
    reason: 'Better.',
    by: BY_TEST,
    missing: [],
  } as const;
  await api.store.modelVersions.moveNow(move);
  const text = sectionOf(await report(versions.candidate), 'comparison');
  expect(text).toContain('1.1.0 (A) and chexnet-demo 1.2.0-rc.1 (B): beside the version that was active before');
  expect(sectionOf(await report(versions.active), 'comparison')).toContain(
    '1.2.0-rc.1 (A) and chexnet-demo 1.1.0 (B): beside the active version',
  );
});
