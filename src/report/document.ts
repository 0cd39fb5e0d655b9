/** From data to one self-contained document: no script, nothing loaded, every text escaped. */
import { day, moment } from './format.ts';
import { type Html, html } from './html.ts';
import type { Section } from './parts.ts';
import type { ReportData } from './report-data.ts';
import { cardSection } from './sections/card.ts';
import { comparisonSection } from './sections/comparison.ts';
import { driftSection } from './sections/drift.ts';
import { evaluationSection } from './sections/evaluation.ts';
import { identitySection } from './sections/identity.ts';
import { lifeSection } from './sections/life.ts';
import { limitsSection } from './sections/limits.ts';
import { reviewsSection } from './sections/reviews.ts';
import { thresholdsSection } from './sections/thresholds.ts';
import { STYLE, STYLE_SHA256 } from './style.ts';

/** The report as the text of an HTML document. */
export function reportDocument(data: ReportData): string {
  const { version, manifest, making } = data;
  const name = `${version.name} ${version.version}`;
  const sections: readonly Section[] = [
    identitySection(data),
    cardSection(data),
    lifeSection(data),
    thresholdsSection(data),
    evaluationSection(data),
    comparisonSection(data),
    reviewsSection(data),
    driftSection(data),
    limitsSection(data),
  ];
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${STYLE_SHA256}'">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<meta name="generator" content="cxr-gateway ${making.gatewayVersion}">
<title>Audit report of ${name}, ${day(making.at)}</title>
<style>STYLE</style>
</head>
<body>
<header>
<p class="over">Audit report of a model version</p>
<h1>${name}</h1>
<p class="lead">${manifest.description ?? 'Its manifest has no description.'}</p>
<p><span class="state">${version.state}</span></p>
<p>Figures from ${moment(making.period.from)} to ${moment(making.period.until)}. Made ${moment(making.at)}.</p>
</header>
<nav aria-label="Contents"><h3>Contents</h3><ol>${sections.map(entry)}</ol></nav>
${SIGNATURES}
<main>
${sections.map(sectionOf)}</main>
</body>
</html>
`;
  // The sheet holds quotes, which a template would escape; a function, since $ has a meaning in a replacement.
  return text.replace('STYLE</style>', () => `${STYLE}</style>`);
}

/** For the hand of who answers for it, on paper. */
const SIGNATURES = html`<div class="signatures">
<p>Reviewed by (name, function)</p><p>Approved by (name, function)</p>
<p>Date, signature</p><p>Date, signature</p>
</div>`;

function entry({ id, title }: Section, index: number): Html {
  return html`<li><a href="#${id}"><b>${index + 1}</b>${title}</a></li>`;
}

function sectionOf({ id, title, content, flows }: Section, index: number): Html {
  return html`<section id="${id}" aria-labelledby="${id}-heading"${flows ? html` class="flows"` : null}>
<h2 id="${id}-heading">${index + 1} ${title}</h2>
${content}</section>
`;
}
