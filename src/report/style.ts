/** The style sheet of a report: for the screen, and for A4 by the print of a browser. Meaning never hangs on colour alone. */
import { createHash } from 'node:crypto';

const SCREEN = `
  :root { --ink: #16191d; --quiet: #4a5057; --rule: #b9bec4; --faint: #e9ebee; --accent: #1d3b5c; --warn: #7a1f1f; }
  * { box-sizing: border-box; }
  html { background: #eceef0; }
  body { max-width: 210mm; margin: 0 auto; padding: 18mm 16mm; background: #fff; color: var(--ink);
    font: 10pt/1.45 "Source Sans 3", "Helvetica Neue", Arial, "Liberation Sans", sans-serif; }
  h1, h3, .lead { overflow-wrap: anywhere; }
  h1 { margin: 0 0 1mm; font-size: 22pt; line-height: 1.15; font-weight: 600; color: var(--accent); }
  h2 { margin: 0 0 4mm; padding-bottom: 1.5mm; border-bottom: .6pt solid var(--accent); font-size: 14.5pt; line-height: 1.2;
    font-weight: 600; color: var(--accent); }
  h3 { margin: 6mm 0 2mm; font-size: 11pt; line-height: 1.25; font-weight: 600; }
  p { margin: 0 0 2.5mm; max-width: 165mm; }
  a { color: var(--accent); }
  section { margin-top: 14mm; }
  .over { margin: 0 0 6mm; font-size: 9pt; letter-spacing: .08em; text-transform: uppercase; color: var(--quiet); }
  .lead { font-size: 11pt; color: var(--quiet); }
  .quiet { color: var(--quiet); font-size: 9pt; }
  .empty, .warning { max-width: none; }
  .empty { padding: 2mm 3mm; border-left: 2pt solid var(--rule); background: #f6f7f8; }
  .warning { padding: 2mm 3mm; border-left: 2pt solid var(--warn); background: #faf5f4; }
  .state { display: inline-block; padding: 0 2mm; border: .8pt solid var(--accent); font-size: 9pt; font-weight: 600;
    letter-spacing: .05em; color: var(--accent); }
  .missing { color: var(--warn); font-weight: 600; }
  .words { white-space: pre-line; unicode-bidi: isolate; overflow-wrap: anywhere; }
  code, .digest { font: 7.6pt/1.4 "Source Code Pro", "DejaVu Sans Mono", "Liberation Mono", monospace; overflow-wrap: anywhere; }
  table { width: 100%; margin: 0 0 4mm; border-collapse: collapse; font-size: 8.8pt; line-height: 1.35;
    font-variant-numeric: tabular-nums lining-nums; }
  caption { padding: 0 0 1.5mm; text-align: left; font-weight: 600; caption-side: top; }
  th, td { padding: 1mm 2mm 1mm 0; border-bottom: .4pt solid var(--rule); text-align: left; vertical-align: top;
    overflow-wrap: break-word; }
  thead th { border-bottom: .8pt solid var(--ink); font-weight: 600; vertical-align: bottom; }
  tbody th { font-weight: 400; }
  th:last-child, td:last-child { padding-right: 0; }
  .n { text-align: right; white-space: nowrap; }
  .narrow { width: auto; min-width: 62%; }
  .narrow .n { padding-left: 8mm; }
  .facts th { width: 44mm; color: var(--quiet); }
  .number { width: 11mm; white-space: nowrap; }
  .when { width: 24mm; }
  .who { width: 38mm; overflow-wrap: anywhere; }
  .what { width: 32%; }
  .engine { width: 38mm; overflow-wrap: anywhere; }
  tr.rows th { padding-top: 3.5mm; font-weight: 600; border-bottom: .8pt solid var(--quiet); }
  .list { margin: 0; padding-left: 5mm; columns: 2; column-gap: 8mm; font-size: 8.8pt; }
  .list li { break-inside: avoid; }
  nav { margin: 8mm 0 0; }
  nav ol { margin: 0; padding: 0; list-style: none; columns: 2; column-gap: 10mm; }
  nav li { padding: 1mm 0; border-bottom: .4pt solid var(--faint); break-inside: avoid; }
  nav a { display: flex; text-decoration: none; color: var(--ink); }
  nav b { flex: 0 0 7mm; font-weight: 600; color: var(--accent); }
  .signatures { display: grid; grid-template-columns: 1fr 1fr; gap: 16mm 10mm; margin: 22mm 0 0; }
  .signatures p { margin: 0; padding-top: 1.5mm; border-top: .6pt solid var(--ink); font-size: 8.5pt; color: var(--quiet); }
  body { counter-reset: figure; }
  figure { margin: 2mm 0 5mm; counter-increment: figure; }
  figcaption::before { content: "Figure " counter(figure) ". "; font-weight: 600; color: var(--ink); }
  figcaption { margin-top: 1.5mm; font-size: 8.8pt; color: var(--quiet); max-width: 165mm; }
  figcaption b { color: var(--ink); font-weight: 600; }
  .plot { display: block; width: 100%; height: auto; }
  .plot text { font: 9px "Helvetica Neue", Arial, "Liberation Sans", sans-serif; fill: var(--ink); }
  .plot .tick { font-size: 8px; fill: var(--quiet); }
  .plot .note { font-size: 8.5px; font-variant-numeric: tabular-nums; }
  .plot .panel, .plot .group { font-size: 9.5px; font-weight: 600; }
  .plot .band { fill: #f4f5f7; }
  .plot .grid { stroke: #d9dce0; stroke-width: .5; }
  .plot .axis { stroke: var(--ink); stroke-width: .8; }
  .plot .reference { stroke: var(--quiet); stroke-width: .8; stroke-dasharray: 2 2; }
  .plot .threshold { stroke: var(--warn); stroke-width: 1; stroke-dasharray: 4 2.5; }
  .plot .whisker, .plot .curve { stroke: var(--accent); stroke-width: 1.1; }
  .plot .curve { stroke-width: .8; }
  .plot .curve, .plot .whisker { fill: none; }
  .plot .mark { fill: var(--accent); }
  .plot .point, .plot .weak, .plot .hole { fill: none; stroke: var(--accent); stroke-width: 3.6; stroke-linecap: round; }
  .plot .weak { stroke-width: 4.6; }
  .plot .hole { stroke: #fff; stroke-width: 2.8; }
`;

const PRINT = `
  @page { size: A4; margin: 19mm 16mm 18mm;
    @top-left { content: "Audit report of a model version"; font: 8pt Arial, "Liberation Sans", sans-serif; color: #4a5057; }
    @bottom-right { content: counter(page) " of " counter(pages); font: 8pt Arial, "Liberation Sans", sans-serif; color: #4a5057; } }
  @page :first { @top-left { content: ""; } }
  @media print {
    html { background: none; }
    body { max-width: none; padding: 0; }
    section { margin-top: 0; break-before: page; }
    section.flows { margin-top: 11mm; break-before: auto; }
    h2, h3, caption { break-after: avoid; }
    thead { display: table-header-group; }
    tr, figure, .signatures, .warning, .empty, .together { break-inside: avoid; }
    tbody.rows { break-inside: avoid; }
    .rows tr:first-child { break-after: avoid; }
    tbody:not(.rows) tr:first-child { break-before: avoid; }
    p { orphans: 3; widows: 3; }
    nav a { text-decoration: none; }
    .plot, .state, .empty, .warning { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  }
`;

/** The whole sheet. */
export const STYLE = `${SCREEN}${PRINT}`;

/** For a Content-Security-Policy: base64 of its SHA-256. */
export const STYLE_SHA256 = createHash('sha256').update(STYLE).digest('base64');
