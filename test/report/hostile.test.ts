/** A manifest whose author means harm: what it says stays text, of bounded size, and covers nothing else. */
import { expect, it } from 'vitest';
import { SOURCE_ATTRIBUTES } from '../../src/inference/model-card/source-attributes.ts';
import { reportDocument } from '../../src/report/document.ts';
import { gatherReport } from '../../src/report/gather.ts';
import { html } from '../../src/report/html.ts';
import { UNRESTRICTED } from '../../src/store/reads/scope.ts';
import { activateModel, BY_TEST, modelRegistration } from '../support/records.ts';
import { openTestStore } from '../support/store.ts';

const UNTIL = new Date('2026-11-01T00:00:00Z');
const SINCE = new Date('2026-10-01T00:00:00Z');

const MARKUP = `</td></table></svg><script>alert(1)</script><svg onload="alert(1)"><style>*{display:none}</style> $& \${x}`;
const LONG = MARKUP.repeat(200);

/** A label for each of many, none of which has a space to break at. */
const labels = Array.from({ length: 1000 }, (_, index) => `${index}${'"><img/onerror=x>'.repeat(10)}`);
const byLabel = <Value>(value: Value) => Object.fromEntries(labels.map((label) => [label, value]));

function hostileManifest() {
  const metric = {
    ...{ measure: 'AUC', dataSet: LONG, films: 10, measuredThrough: LONG, mean: 0.5, perLabel: byLabel(0.5) },
    ...{ intervals: { mean: [0, 1], perLabel: byLabel([0.4, 0.6]) }, calibrationError: byLabel(0.1) },
  };
  const operatingPoints = byLabel({ positives: 1, sensitivity: 0.5, specificity: 0.5 });
  return {
    ...{ description: LONG, labels: labels.map((name) => ({ name, threshold: 0.5 })) },
    preprocessing: { version: LONG, grayscaleRule: LONG },
    thresholdsOrigin: { method: LONG, dataSet: LONG, films: 10, operatingPoints },
    metrics: Array.from({ length: 12 }, () => metric),
    card: Object.fromEntries(SOURCE_ATTRIBUTES.map(({ key }) => [key, MARKUP.repeat(40).slice(0, 4000)])),
  };
}

it('gives a document of bounded size without an element of its own', async () => {
  await using database = await openTestStore();
  const { store } = database;
  const { metrics, ...manifest } = hostileManifest();
  const { id } = await store.modelVersions.register({ ...modelRegistration(), manifest, metrics }, BY_TEST);
  await activateModel(store, id, MARKUP);
  const making = {
    ...{ at: UNTIL, by: MARKUP, requestId: 'request-1', period: { from: SINCE, until: UNTIL } },
    restriction: { issuers: [MARKUP], studies: 0 },
  };
  const sources = {
    ...{ reader: store.reads(UNRESTRICTED), driftAlerts: store.driftAlerts, drift: { psi: 0.25, minimumFilms: 100 } },
  };
  const text = reportDocument(await gatherReport(sources, id, making));
  expect(Buffer.byteLength(text)).toBeLessThan(4_000_000);
  expect(text).not.toMatch(/<script|<img|<svg onload|<style>\*|\son\w+="/);
  expect(text.match(/<style>/g)).toHaveLength(1);
  expect(text).toContain('1000; each list has 100 of them at most');
  expect(text).toContain('There are more evaluations');
});

it('marks what cannot be seen, and what would cover or push away the rest', () => {
  const hidden = [
    '\u00ad',
    '\u115f',
    '\u2028',
    '\u2062',
    '\u206a',
    '\u3164',
    '\ufff9',
    '\ud800',
    '\u{e0041}',
    '\u{1fffe}',
  ];
  for (const character of hidden) expect(html`${`a${character}b`}`.text, character).toBe('a\ufffdb');
  expect(html`${'\u2764\ufe0f \u0928\u094d\u200d'}`.text).toBe('\u2764\ufe0f \u0928\u094d\u200d');
  const heap = `a${'\u0301'.repeat(3000)}b`;
  expect(html`${heap}`.text).toBe(`a${'\u0301'.repeat(6)}\ufffdb`);
  expect(html`${`one${'\n \t'.repeat(1000)}\ntwo\nthree\n\nfour`}`.text).toBe('one\n\ntwo\nthree\n\nfour');
});
