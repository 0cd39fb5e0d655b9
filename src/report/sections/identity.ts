/** Which bytes the report is about, and how it was made. */
import { moment, personText } from '../format.ts';
import { html } from '../html.ts';
import { MOST_LISTED_LABELS } from '../manifest-parts.ts';
import { digest, facts, type Section, table } from '../parts.ts';
import type { Making, ReportData, Restriction } from '../report-data.ts';

/** The first section. */
export function identitySection({ version, manifest, registeredBy, making }: ReportData): Section {
  const { input, preprocessing, engines, labelCount } = manifest;
  const registrar =
    registeredBy === null ? 'whom is not recorded' : personText(registeredBy.createdByName, registeredBy.createdBy);
  const content = [
    facts([
      ['Name', version.name],
      ['Version', version.version],
      ['State', html`<b>${version.state}</b>${canary(version)}`],
      ['Registered', `${moment(version.createdAt)}, by ${registrar}`],
      ['Precision', version.precision],
      ['Reads', input === null ? 'not told' : `${input.height} x ${input.width} pixels, channels: ${input.channels}`],
      [
        'Preprocessing',
        preprocessing === null ? 'not told' : `${preprocessing.grayscaleRule}/${preprocessing.version}`,
      ],
      [
        'Labels',
        labelCount > MOST_LISTED_LABELS
          ? `${labelCount}; each list has ${MOST_LISTED_LABELS} of them at most`
          : String(labelCount),
      ],
    ]),
    table(
      'Engine files: the bytes that may read a film as this version',
      [{ name: 'File', kind: 'engine' }, { name: 'Format' }, { name: 'SHA-256' }],
      engines.map(({ file, sha256, precision, weightBits }) => [
        file,
        weightBits === undefined ? precision : `${precision}, weights of ${weightBits} bits`,
        digest(sha256),
      ]),
    ),
    html`<p class="quiet">The first file is the version's own, and its digest that of the version. Each reading keeps the digest of the file that ran.</p>`,
    html`<h3>How this report was made</h3>`,
    facts([
      ['Made', `${moment(making.at)}, by ${making.by}`],
      ['Request', html`<code>${making.requestId}</code>, by which the audit names it`],
      ['Gateway', `cxr-gateway ${making.gatewayVersion}`],
      ['Period', `${moment(making.period.from)} to ${moment(making.period.until)}: figures of sections 6, 7 and 8`],
      ['Patients', restrictionText(making.restriction)],
    ]),
  ];
  return { id: 'version', title: 'The version', content };
}

function canary({ state, canaryShare, canarySources }: ReportData['version']): string {
  if (state !== 'CANARY') return '';
  const share = canaryShare === null ? [] : [`${canaryShare * 100} % of the studies`];
  const sources = canarySources.length === 0 ? [] : [`the films of ${canarySources.join(', ')}`];
  return `, for ${[...share, ...sources].join(' and ')}`;
}

/** Whose patients the figures are of. */
export function restrictionText({ issuers, studies }: Restriction): string {
  if (issuers === 'ALL') return 'all of this gateway: who made the report may see every patient';
  const granted = issuers.length === 0 ? 'no assigning authority' : `the assigning authorities ${issuers.join(', ')}`;
  const besides = studies === 0 ? '' : `, and of ${studies} ${studies === 1 ? 'study' : 'studies'} granted besides`;
  return `RESTRICTED: figures of sections 6, 7 and 8 are of patients of ${granted}${besides} only, as who made the report may see no others. Alerts of drift (section 8) were found over all patients.`;
}

/** For reports whose reader sees a part of the patients. */
export function isRestricted({ restriction }: Making): boolean {
  return restriction.issuers !== 'ALL';
}
