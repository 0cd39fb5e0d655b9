/** The size of a report whose every list is full. */
import { expect, it } from 'vitest';
import { reportDocument } from '../../src/report/document.ts';
import { gatherReport } from '../../src/report/gather.ts';
import type { Bounded, ReportData } from '../../src/report/report-data.ts';
import { UNRESTRICTED } from '../../src/store/reads/scope.ts';
import { openTestStore } from '../support/store.ts';
import { SINCE, seedVersions, UNTIL } from './seed.ts';

const DAY_MS = 86_400_000;

const TEXT = 'What was said of it, & by "whom": ';
const longText = (characters: number) => TEXT.repeat(characters / TEXT.length);

it('is below 2 MB', async () => {
  await using database = await openTestStore();
  const { store } = database;
  const { active } = await seedVersions(store);
  const period = { from: SINCE, until: UNTIL };
  const restriction = { issuers: 'ALL', studies: 0 } as const;
  const making = { at: UNTIL, by: 'test', requestId: 'request-1', period, restriction };
  const drift = { psi: 0.25, minimumFilms: 100 };
  const sources = { reader: store.reads(UNRESTRICTED), driftAlerts: store.driftAlerts, drift };
  const text = reportDocument(filled(await gatherReport(sources, active, making)));
  expect(text.match(/<tr>/g)?.length).toBeGreaterThan(600);
  expect(Buffer.byteLength(text)).toBeLessThan(2_000_000);
});

/** The same, with as much of everything as there can be. */
function filled(data: ReportData): ReportData {
  const reason = longText(2000);
  const times = <Row>(rows: readonly Row[], many: number) =>
    Array.from({ length: many }, (_, i) => rows[i % rows.length] as Row);
  const full = <Row extends object>({ rows }: Bounded<Row>, many: number) => ({
    rows: times(rows, many).map((row) => ({ ...row, reason })),
    more: true,
  });
  const [day] = data.drift.days;
  const { NONE, SITE, ...others } = data.performance;
  const sites = times(SITE.groups, 8).map((group, index) => ({ ...group, group: `SITE ${index}` }));
  const headings = data.card.headings.map((heading) => ({
    ...heading,
    attributes: heading.attributes.map((each) => ({ ...each, value: longText(4000) })),
  }));
  return {
    ...data,
    making: { ...data.making, period: { from: new Date(UNTIL.getTime() - 92 * DAY_MS), until: UNTIL } },
    card: { ...data.card, headings },
    transitions: full(data.transitions, 100),
    thresholdSets: full(data.thresholdSets, 30),
    comparisons: times(data.comparisons, 5),
    performance: { NONE, ...others, SITE: { ...SITE, groups: sites }, AGE_BAND: { ...SITE, groups: sites } },
    drift: {
      ...data.drift,
      alerts: times(data.drift.alerts, 200),
      days: Array.from({ length: 92 }, (_, index) => ({
        ...{ films: 0, measures: [], ...day },
        day: new Date(UNTIL.getTime() - (92 - index) * DAY_MS),
      })),
    },
  };
}
