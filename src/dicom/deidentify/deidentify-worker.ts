/** Runs in the threads of the deidentifier: one film, first its UIDs, then the film without its identity. */
import type { FilmLimits } from '../../config.ts';
import { serializeError } from '../../errors.ts';
import type { FailedAnswer } from '../film-threads.ts';
import { type DeidentifiedFilm, deidentifyFilm, type Pseudonyms, uidsOfFilm } from './deidentify-film.ts';

/** One film; without pseudonyms its UIDs are wanted. */
export interface DeidentifyTask {
  readonly path: string;
  readonly limits: FilmLimits;
  readonly pseudonyms: Pseudonyms | undefined;
}

/** What a thread gives. */
export type DeidentifyResult = { readonly uids: readonly string[] } | { readonly film: DeidentifiedFilm };

/** Entry point of the thread pool. Never throws. */
export default async function deidentify({
  path,
  limits,
  pseudonyms,
}: DeidentifyTask): Promise<DeidentifyResult | FailedAnswer> {
  try {
    if (pseudonyms === undefined) return { uids: await uidsOfFilm(path, limits) };
    return { film: await deidentifyFilm(path, limits, pseudonyms) };
  } catch (error) {
    return { error: serializeError(error) };
  }
}
