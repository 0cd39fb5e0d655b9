/** What is wrong between fields of a manifest that are each right. */
import type { z } from 'zod';
import type { manifestFields } from './manifest-fields.ts';

type ManifestFields = z.infer<typeof manifestFields>;

/** The field at fault, and what is wrong with it. */
type Contradiction = readonly [path: (string | number)[], problem: string];

/** Every one of a manifest. */
export function contradictionsIn(manifest: ManifestFields): Contradiction[] {
  return [channelProblems, cropProblems, engineProblems, labelProblems].flatMap((problemsIn) => problemsIn(manifest));
}

/** Between the steps' numbers and the channels of the input. */
function channelProblems({ input, preprocessing }: ManifestFields): Contradiction[] {
  const wrong = (['mean', 'std'] as const).filter((field) => preprocessing[field].length !== input.channels);
  return wrong.map((field) => [
    ['preprocessing', field],
    `must have ${input.channels} number(s), one a channel of the input`,
  ]);
}

/** Between crop, resize and heat map. */
function cropProblems({ input, outputs, preprocessing }: ManifestFields): Contradiction[] {
  const { height, width, aspect } = preprocessing.resize;
  const resize = ['preprocessing', 'resize'];
  if (preprocessing.crop === 'none') {
    const given = height !== undefined || width !== undefined || aspect !== undefined;
    return given ? [[resize, 'has a size or aspect of its own only with a crop']] : [];
  }
  const problems: Contradiction[] = [];
  if (height === undefined || width === undefined || height < input.height || width < input.width) {
    problems.push([resize, 'must have a height and width of at least those of the input, for the crop']);
  }
  if (aspect === 'kept' && height !== width) problems.push([resize, 'must be as high as wide to keep the aspect']);
  // A map of a crop, drawn over the whole film, would point beside what the model saw.
  if (outputs.classActivationMap !== null) {
    problems.push([['outputs', 'classActivationMap'], 'must be null with a crop, which sees a part of the film only']);
  }
  return problems;
}

/** Between the main file and the alternatives. */
function engineProblems(manifest: ManifestFields): Contradiction[] {
  const engines = [manifest, ...(manifest.alternatives ?? [])];
  return engines.flatMap((engine, index) => {
    const at = index === 0 ? [] : ['alternatives', index - 1];
    const repeated = (['file', 'sha256'] as const).filter(
      (field) => engines.findIndex((other) => other[field] === engine[field]) < index,
    );
    const problems: Contradiction[] = repeated.map((field) => [[...at, field], 'is already used']);
    const meaningless = engine.precision === 'FP32' && engine.weightBits !== undefined;
    return meaningless ? [...problems, [[...at, 'weightBits'], 'is for INT8 only']] : problems;
  });
}

/** Between the labels, and between them and what was measured. */
function labelProblems({ labels, thresholdsOrigin }: ManifestFields): Contradiction[] {
  const names = labels.map(({ name }) => name);
  const repeated = names.flatMap((name, index): Contradiction[] =>
    names.indexOf(name) === index ? [] : [[['labels', index, 'name'], `${name} is already used`]],
  );
  const strange = Object.keys(thresholdsOrigin.operatingPoints).filter((name) => !names.includes(name));
  return [
    ...repeated,
    ...strange.map(
      (name): Contradiction => [['thresholdsOrigin', 'operatingPoints', name], 'is no label of this model'],
    ),
  ];
}
