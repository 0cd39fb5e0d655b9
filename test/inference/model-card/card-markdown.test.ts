import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readEvaluation } from '../../../src/inference/evaluate/read-evaluation.ts';
import type { ModelManifest } from '../../../src/inference/manifest.ts';
import { cardKind, cardMarkdown } from '../../../src/inference/model-card/card-markdown.ts';
import { SOURCE_ATTRIBUTES } from '../../../src/inference/model-card/source-attributes.ts';
import { shippedModel } from '../support.ts';

const { manifest, directory } = await shippedModel();
const evaluation = await readEvaluation(directory);

const withCard = (card: ModelManifest['card']): ModelManifest => ({ ...manifest, card });

test('the card of the shipped model is what `model card` makes', async () => {
  const committed = await readFile(join(directory, 'MODEL_CARD.md'), 'utf8');
  expect(cardMarkdown(manifest, evaluation), 'run `npx cxr-gateway model card models/chexnet-demo`').toBe(committed);
});

test('the shipped model states nothing of fairness, external validation, funding and updates', () => {
  const stated = Object.keys(manifest.card ?? {});
  const missing = SOURCE_ATTRIBUTES.filter(({ key }) => !stated.includes(key)).map(({ number }) => number);
  expect(missing.join(' ')).toBe(
    '1(b) 4(c) 5(a) 5(b) 6(a) 6(b) 6(c) 6(d) 7(b) 7(c) 7(d) 7(e) 8(b) 8(c) 8(d) 9(a) 9(b)',
  );
});

describe('MODEL_CARD.md', () => {
  test('has its sections, all attributes, and a list of the missing', () => {
    const text = cardMarkdown(withCard({ developer: 'House of tests, +1 555 0100' }), evaluation);
    expect(text.match(/^#{1,3} .+$/gm)).toEqual([
      '# chexnet-demo 1.1.0',
      ...['## What it is', '## Intended use', '## Training data', '## Evaluation', '## Subgroups', '## Limits'],
      '## Source attributes',
      '### 1. Details and output of the intervention',
      '### 2. Purpose of the intervention',
      '### 3. Cautioned out-of-scope use',
      '### 4. Development details and input features',
      '### 5. Process used to ensure fairness in development',
      '### 6. External validation process',
      '### 7. Quantitative measures of performance',
      '### 8. Ongoing maintenance of implementation and use',
      '### 9. Update and continued validation or fairness assessment schedule',
      '### Missing',
      '## Credits',
    ]);
    for (const { number, name } of SOURCE_ATTRIBUTES) expect(text).toContain(`**${number} ${name}.**`);
    expect(text).toContain('**1(a) Name and contact information of the developer.** House of tests, +1 555 0100\n');
    expect(text).toContain('**1(b) Funding source of the technical implementation.** *missing*\n');
    expect(text).toContain('**30 of the 31 source attributes are missing**');
    expect(text.split('### Missing')[1]?.match(/^- \d\([a-e]\) /gm)).toHaveLength(30);
    expect(text).toContain('`model.int8-7bit.onnx`: INT8 with 7-bit weights, SHA-256 `afbf85782b0a');
    expect(text).toContain(
      'No figures by sex, age, origin or any other subgroup are stated (7(b), 7(d), 8(d) are missing).',
    );
  });

  test('says when nothing is missing, and where subgroups are', () => {
    const card = Object.fromEntries(SOURCE_ATTRIBUTES.map(({ key }) => [key, 'Stated here.']));
    const text = cardMarkdown(withCard(card), null);
    expect(text).toContain('All 31 source attributes are stated.');
    expect(text).toContain('### Missing\n\nNone.\n');
    expect(text).toContain(
      'Figures of subgroups: 7(b) Fairness in test data from the same source as the training data; 7(d)',
    );
  });

  test('shows the evaluation of these bytes, and metrics of other films beside it', () => {
    const other = {
      ...manifest.metrics[1],
      dataSet: 'films of the house',
      films: 40,
    } as ModelManifest['metrics'][number];
    const text = cardMarkdown({ ...manifest, metrics: [...manifest.metrics, other] }, evaluation);
    expect(text).toContain('300 films of 285 patients');
    expect(text).toContain('![ROC curves](roc.svg)');
    expect(text).toContain('On films of the house: 40 films, INT8, measured through cxr-gateway model evaluate.');
    expect(text.match(/^\| Hernia \| 5 of 300 /gm)).toHaveLength(1);
    expect(text).toMatch(/^\| Hernia \| 0\.813 \(0\.463 to 0\.975\) \| 0\.01[45] \|$/m);
  });

  test('shows the metrics of the manifest where the evaluation is of other bytes, another version or gone', () => {
    const recompiled = { ...manifest, sha256: 'c'.repeat(64) };
    for (const text of [
      cardMarkdown(recompiled, evaluation),
      cardMarkdown({ ...manifest, version: '2.0.0' }, evaluation),
      cardMarkdown(manifest, null),
    ]) {
      expect(text).not.toContain('roc.svg');
      expect(text).toContain('| **mean** | **0.738** (0.704 to 0.766) | - |');
    }
    expect(cardMarkdown({ ...manifest, metrics: [] }, null)).toContain('**It was not evaluated.**');
  });

  test('text of people keeps its paragraphs and lists and cannot break the document', () => {
    const knownRisks = '# No heading\r\n\r\n\r\n\r\n- one\n- two < 3\n<!-- hidden --> <script>x</script>\n---\n===';
    const text = cardMarkdown(withCard({ knownRisks }), null);
    const [shown] = /Known risks[\s\S]*?(?=\n\n## Source)/.exec(text) ?? [];
    expect(shown).toContain(
      'known limitations.**\n\n\\# No heading\n\n- one\n- two < 3\n&lt;!-- hidden --> &lt;script>',
    );
    expect(shown?.endsWith('\n\\---\n\\===')).toBe(true);
    const description = 'a | b\nc';
    expect(
      cardMarkdown({ ...manifest, provenance: { ...manifest.provenance, architecture: description } }, null),
    ).toContain('| Network | a \\| b c |');
  });
});

describe('a card in a folder', () => {
  const text = cardMarkdown(manifest, evaluation);

  test('is current whatever the order of fields in the manifest, and its own layout', () => {
    const reversed = Object.fromEntries(Object.entries(manifest).reverse()) as ModelManifest;
    expect(cardKind(text, reversed)).toBe('CURRENT');
    expect(cardKind(text.replace('## Limits', '## Bounds'), manifest)).toBe('CURRENT');
  });

  test('is stale after any change of the manifest', () => {
    expect(cardKind(text, { ...manifest, description: 'Another.' })).toBe('STALE');
    expect(cardKind(text, withCard({ ...manifest.card, developer: 'Somebody else' }))).toBe('STALE');
    expect(cardKind(text, { ...manifest, labels: [...manifest.labels].reverse() })).toBe('STALE');
  });

  test('is of people without its first line', () => {
    expect(cardKind('# By hand\n', manifest)).toBe('HANDWRITTEN');
    expect(cardKind('', manifest)).toBe('HANDWRITTEN');
  });
});
