/** The section of a card that says what runs: network, files, input, preprocessing, output. */
import { enginesOf } from '../engine.ts';
import type { ModelManifest } from '../manifest.ts';
import { cell, table } from './markdown.ts';

/** Facts of the manifest as a table. */
export function whatItIs(manifest: ModelManifest): string {
  const { input, labels, outputs, preprocessing, thresholdsOrigin, provenance } = manifest;
  const files = enginesOf(manifest).map(
    ({ file, precision, weightBits, digest }) =>
      `\`${file}\`: ${precision}${precision === 'INT8' ? ` with ${weightBits}-bit weights` : ''}, SHA-256 \`${digest}\``,
  );
  const map = outputs.classActivationMap === null ? '' : ', and a class activation map of each';
  return table(
    ['', ''],
    [
      ['Network', cell(provenance.architecture)],
      ['Precision', manifest.precision],
      ['Files', files.join('<br>')],
      [
        'Input',
        `one frontal chest film at a time, ${input.height} x ${input.width} pixels, ${input.channels} channel(s)`,
      ],
      ['Preprocessing', `\`${preprocessing.grayscaleRule}/${preprocessing.version}\`: ${steps(manifest)}`],
      ['Output', `${labels.length} probabilities${map}`],
      ['Labels', labels.map(({ name }) => name.replaceAll('_', ' ')).join(', ')],
      ['Thresholds', `${cell(thresholdsOrigin.method)} (${cell(thresholdsOrigin.dataSet)})`],
    ],
  ).join('\n');
}

/** How a film becomes the input, in words. */
function steps({ input, preprocessing }: ModelManifest): string {
  const { resize, crop, divisor, mean, std } = preprocessing;
  const size = `${resize.height ?? input.height} x ${resize.width ?? input.width}`;
  const resized =
    resize.aspect === 'kept'
      ? `the shorter side is brought to ${resize.height ?? input.height} pixels, the aspect is kept`
      : `the whole film is resized to ${size}, the aspect is not kept`;
  const crops = {
    none: 'no crop',
    center: `the centre of ${input.height} x ${input.width} is cut out`,
    ten: `ten crops of ${input.height} x ${input.width} (corners, centre and their mirror images) are read and averaged`,
  };
  const channels = input.channels === 1 ? '' : `repeated to ${input.channels} channels, `;
  return (
    `stored values become 8-bit grey with the lungs dark, ${resized} (antialiased bilinear filter), ${crops[crop]}, divided by ` +
    `${divisor}, ${channels}less (${mean.join(', ')}), divided by (${std.join(', ')})`
  );
}
