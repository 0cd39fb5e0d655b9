/** The films of a folder, one after another, as a model takes them in. */
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { FilmLimits } from '../../config.ts';
import { PixelMemory } from '../../dicom/film.ts';
import { GatewayError, toGatewayError } from '../../errors.ts';
import { type ModelInput, type PreprocessingPlan, prepareInput } from '../preprocess.ts';
import { loadFilm } from './load-film.ts';

/** One film as a model takes it in. */
export interface FilmTensor {
  /** Path within the folder, parts separated by slashes. */
  readonly file: string;
  /** As `preprocess` gives it: one or, by the manifest's crop, several images. */
  readonly input: Float32Array;
  readonly grey: ModelInput['grey'];
}

/** How films are read. */
export interface FilmReading {
  readonly limits: FilmLimits;
  /** Told of every file that is no film that can be read; the others are read all the same. */
  readonly onFailure: (file: string, error: GatewayError) => void;
  /** Told after every file, read or not. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Every file of a folder, at any depth, by path within it and sorted. Names that begin with a dot are stepped over.
 *
 * @throws GatewayError NOT_FOUND when there is no such folder, or no file in it
 */
export async function filmFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new GatewayError('NOT_FOUND', `The folder of films ${folder} cannot be read.`, {}, { cause });
  });
  const files = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep))
    .filter((parts) => !parts.some((part) => part.startsWith('.')))
    .map((parts) => parts.join('/'));
  if (files.length === 0) throw new GatewayError('NOT_FOUND', `The folder of films ${folder} is empty.`);
  return files.sort();
}

/** Films of a folder in the order given; one is in memory at a time. */
export async function* filmTensors(
  folder: string,
  files: readonly string[],
  manifest: PreprocessingPlan,
  { limits, onFailure, onProgress }: FilmReading,
): AsyncGenerator<FilmTensor, void, undefined> {
  const memory = new PixelMemory();
  for (const [index, file] of files.entries()) {
    let input: ModelInput | undefined;
    try {
      input = prepareInput(await loadFilm(join(folder, file), limits, memory), manifest);
    } catch (error) {
      onFailure(file, toGatewayError(error));
    }
    if (input !== undefined) yield { file, input: input.tensor, grey: input.grey };
    onProgress?.(index + 1, files.length);
  }
}
