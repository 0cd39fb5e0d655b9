/**
 * What of a checked manifest is needed where films are read. It goes to the worker threads with each task, so that they need not
 * check a manifest again: the library that does takes 4 MB of heap in every thread that loads it. Nothing here loads it.
 */
import type { ModelManifest } from './manifest.ts';

/** Name of the manifest within a model folder. */
export const MANIFEST_FILE = 'manifest.json';

/** Which files there are, what goes into the model, and what comes out of it. */
export type ServingManifest = Pick<
  ModelManifest,
  'file' | 'sha256' | 'precision' | 'weightBits' | 'alternatives' | 'input' | 'outputs' | 'labels' | 'preprocessing'
>;

/** The part of a manifest that goes to the worker threads: 2 of 47 kB. */
export function servingManifest(manifest: ModelManifest): ServingManifest {
  const { file, sha256, precision, weightBits, alternatives, input, outputs, labels, preprocessing } = manifest;
  return { file, sha256, precision, weightBits, alternatives, input, outputs, labels, preprocessing };
}

/** Grey rule and steps in one name; stored with every reading, so a number says how its pixels were made. */
export function preprocessingVersion({ preprocessing }: Pick<ModelManifest, 'preprocessing'>): string {
  return `${preprocessing.grayscaleRule}/${preprocessing.version}`;
}
