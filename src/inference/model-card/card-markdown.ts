/** MODEL_CARD.md: everything that a manifest and the evaluation beside it say of a model version, for people. */
import { createHash } from 'node:crypto';
import type { Evaluation } from '../evaluate/evaluation.ts';
import { isEvaluationOf } from '../evaluate/read-evaluation.ts';
import type { ModelManifest } from '../manifest.ts';
import { evaluationSection, subgroupsSection } from './card-evaluation.ts';
import { whatItIs } from './card-network.ts';
import { prose } from './markdown.ts';
import { type CardAttribute, cardOf, type ModelCard } from './model-card.ts';
import { SOURCE_ATTRIBUTES } from './source-attributes.ts';

/** Name of the card within a model folder. */
export const CARD_FILE = 'MODEL_CARD.md';

const MISSING = '*missing*';

const FIRST_LINE = /^<!-- made by `cxr-gateway model card` from manifest\.json with the content ([0-9a-f]{64});/;

/**
 * The card; the same arguments give the same text.
 *
 * @param evaluation - as it lies in the folder; shown when it is of this version and these bytes
 */
export function cardMarkdown(manifest: ModelManifest, evaluation: Evaluation | null): string {
  const card = cardOf(manifest);
  const shown = evaluation !== null && isEvaluationOf(evaluation, manifest) ? evaluation : null;
  const { description, provenance } = manifest;
  const blocks = [
    `<!-- made by \`cxr-gateway model card\` from manifest.json with the content ${contentDigest(manifest)}; changes here are lost: change \`card\` in manifest.json and run it again -->\n` +
      `# ${manifest.name} ${manifest.version}`,
    prose(description),
    missingSentence(card),
    '## What it is',
    whatItIs(manifest),
    '## Intended use',
    prose(provenance.intendedUse),
    'Patients, users and role in decisions: [heading 2](#2-purpose-of-the-intervention).',
    '## Training data',
    prose(provenance.trainingData),
    `**Training.** ${prose(provenance.training)}`,
    ...(provenance.quantization === null ? [] : [`**Quantisation.** ${prose(provenance.quantization)}`]),
    'Criteria, demographics and relevance: [heading 4](#4-development-details-and-input-features).',
    '## Evaluation',
    ...evaluationSection(manifest, shown),
    '## Subgroups',
    ...subgroupsSection(card),
    '## Limits',
    ...['cautionedUse', 'knownRisks'].map((key) => statement(attributeOf(card, key))),
    '## Source attributes',
    'The 31 attributes of 45 CFR 170.315(b)(11)(iv)(B) (ONC HTI-1) in their nine headings.',
    ...card.headings.flatMap(({ number, name, attributes }) => [
      `### ${number}. ${name}`,
      ...attributes.map(statement),
    ]),
    '### Missing',
    card.complete ? 'None.' : card.missing.map((attribute) => `- ${attribute}`).join('\n'),
    '## Credits',
    prose(provenance.credits),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** What a card in a folder is: made from this manifest, from an earlier state of it, or written by people. */
export function cardKind(text: string, manifest: ModelManifest): 'CURRENT' | 'STALE' | 'HANDWRITTEN' {
  const content = FIRST_LINE.exec(text)?.[1];
  if (content === undefined) return 'HANDWRITTEN';
  return content === contentDigest(manifest) ? 'CURRENT' : 'STALE';
}

/** SHA-256 of what a manifest says, whatever the order and layout of its JSON. */
function contentDigest(manifest: ModelManifest): string {
  const sorted = JSON.stringify(manifest, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(sorted).digest('hex');
}

function missingSentence({ missing, complete }: ModelCard): string {
  const all = SOURCE_ATTRIBUTES.length;
  if (complete) return `All ${all} source attributes are stated.`;
  return `**${missing.length} of the ${all} source attributes are missing**; they are [listed](#missing) at the end.`;
}

function statement({ number, name, value }: CardAttribute): string {
  const text = value === null ? MISSING : prose(value);
  return `**${number} ${name}.**${text.includes('\n') ? '\n\n' : ' '}${text}`;
}

/** @throws Error for a key that is none */
function attributeOf({ headings }: ModelCard, key: string): CardAttribute {
  const found = headings.flatMap(({ attributes }) => attributes).find((attribute) => attribute.key === key);
  if (found === undefined) throw new Error(`${key} is no source attribute`);
  return found;
}
