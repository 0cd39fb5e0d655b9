/** What the report does not say, and how what it says is checked. */
import { html } from '../html.ts';
import { type Section, together, warning } from '../parts.ts';
import type { ReportData } from '../report-data.ts';
import { isRestricted, restrictionText } from './identity.ts';

/** The last section. */
export function limitsSection({ making, version, manifest }: ReportData): Section {
  const content = [
    isRestricted(making) ? warning(restrictionText(making.restriction)) : null,
    html`<h3>What it does not say</h3>
<ul>
<li>Whether the version is fit for its use. It gathers what was recorded; the judgement is that of who signs.</li>
<li>How good the version is over all patients. Reviewed films are no random sample, and reviewers see the model's answer first.</li>
<li>Whether the statements of the card are true: they are those of whoever made the model.</li>
<li>Anything of before or after its period, except sections 1 to 5, which are as of when it was made.</li>
<li>Who the patients or the reviewers are, and what reviewers wrote. Reasons in sections 3 and 4 are printed as administrators wrote them.</li>
</ul>
<h3>How to check it</h3>
<p>On a machine of the gateway:</p>`,
    html`<table><thead><tr><th scope="col" class="what">Command</th><th scope="col">What it shows</th></tr></thead>
<tbody>
<tr><th scope="row"><code>sha256sum ${manifest.engines[0]?.file ?? ''}</code></th><td>In the folder of the version: the bytes are those of section 1.</td></tr>
<tr><th scope="row"><code>cxr-gateway model verify FOLDER</code></th><td>All engine files of the folder against its manifest.</td></tr>
<tr><th scope="row"><code>cxr-gateway audit verify</code></th><td>No record of the audit was changed or removed since it was written, those of the moves in section 3 and of this report among them.</td></tr>
<tr><th scope="row"><code>cxr-gateway reproduce FINDING_ID</code></th><td>A stored film, read again by the very file that read it, gives the finding again.</td></tr>
<tr><th scope="row"><code>modelVersion, modelPerformance, modelComparison, modelDrift</code></th><td>The GraphQL queries whose figures these are, with since: "${making.period.from.toISOString()}" and until: "${making.period.until.toISOString()}". Reviews that came after the report count there.</td></tr>
</tbody></table>`,
    html`<p class="quiet">That this report of ${version.name} ${version.version} was made is recorded in the audit under the request ${making.requestId}.</p>`,
  ];
  return {
    id: 'limits',
    title: 'What this report does not say, and how to check it',
    content: together(content),
    flows: true,
  };
}
