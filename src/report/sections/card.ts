/** The card: the 31 source attributes of 45 CFR 170.315(b)(11)(iv)(B) under their nine headings. */
import type { CardHeading } from '../../inference/model-card/model-card.ts';
import { type Html, html } from '../html.ts';
import { type Section, warning, words } from '../parts.ts';
import type { ReportData } from '../report-data.ts';

/** What the version states about itself, and what it does not. */
export function cardSection({ card: { headings, missing, complete } }: ReportData): Section {
  const all = headings.reduce((sum, { attributes }) => sum + attributes.length, 0);
  const lacking = html`<b>${missing.length} of ${all} attributes are missing.</b> They are listed at the end of this section.`;
  const content = [
    html`<p>The ${all} source attributes of 45 CFR 170.315(b)(11)(iv)(B) under their ${headings.length} headings, as whoever made the model states them in the manifest. The gateway does not check what they say.</p>`,
    complete ? html`<p>All ${all} attributes are there.</p>` : warning(lacking),
    html`<table><thead><tr><th scope="col" class="number">No.</th><th scope="col" class="what">Attribute</th><th scope="col">Statement</th></tr></thead>
${headings.map(headingOf)}</table>
`,
    complete
      ? null
      : html`<h3>Missing attributes</h3><ul class="list">${missing.map((each) => html`<li>${each}</li>`)}</ul>`,
  ];
  return { id: 'card', title: 'The card', content };
}

function headingOf({ number, name, attributes }: CardHeading): Html {
  const rows = attributes.map((each) => {
    const value = each.value === null ? html`<span class="missing">MISSING</span>` : words(each.value);
    return html`<tr><th scope="row" class="number">${each.number}</th><td class="what">${each.name}</td><td>${value}</td></tr>
`;
  });
  return html`<tbody class="rows"><tr class="rows"><th scope="rowgroup" colspan="3">${number} ${name}</th></tr>
${rows}</tbody>
`;
}
