/** An evaluation from files to figures: labels, films, the engines of a model version, and what they say. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { type FilmReading, filmFiles, filmTensors } from '../films/film-folder.ts';
import type { GreyStatistics } from '../reading.ts';
import { preprocessingVersion } from '../serving-manifest.ts';
import { assess } from './assess.ts';
import type { Evaluation, FilmFailure } from './evaluation.ts';
import { type LabelledFilm, parseLabels, rowsByFile } from './labels.ts';
import type { ThresholdRule } from './operating-points.ts';
import { referenceOfFilms } from './reference.ts';
import type { Subjects } from './subjects.ts';

/** What is evaluated on what. */
export interface EvaluationTask {
  readonly subjects: Subjects;
  /** CSV file, see {@link parseLabels}. */
  readonly labelsFile: string;
  /** Folder of the films that it names. */
  readonly films: string;
  /** What to call these films in the card; the name of the CSV file unless told. */
  readonly dataSet?: string | undefined;
  readonly rule: ThresholdRule | { readonly kind: 'kept' };
  readonly resamples: number;
  readonly seed: number;
  readonly limits: FilmReading['limits'];
  readonly onProgress?: NonNullable<FilmReading['onProgress']>;
}

/**
 * Reads every labelled film once and runs all engines on it. A film that cannot be read is listed in the result.
 *
 * @throws GatewayError NOT_FOUND, BAD_REQUEST (see {@link parseLabels}); INVALID_STATE when no film could be read
 */
export async function evaluateModel(task: EvaluationTask): Promise<Evaluation> {
  const { subjects, rule, resamples, seed } = task;
  const { manifest } = subjects;
  const name = basename(task.labelsFile);
  const table = parseLabels(
    await readText(task.labelsFile),
    name,
    manifest.labels.map((label) => label.name),
  );
  const files = await filmFiles(task.films);
  const rows = rowsByFile(table, files, name);
  const notRead: FilmFailure[] = [];
  const probabilities = subjects.all.map((): Float32Array[] => []);
  const read: LabelledFilm[] = [];
  const greys: GreyStatistics[] = [];
  const tensors = filmTensors(task.films, [...rows.keys()], manifest, {
    limits: task.limits,
    onFailure: (file, error) => notRead.push({ file, problem: `${error.code}: ${error.message}` }),
    ...(task.onProgress === undefined ? {} : { onProgress: task.onProgress }),
  });
  for await (const { file, input, grey } of tensors) {
    for (const [index, { session }] of subjects.all.entries()) {
      probabilities[index]?.push((await session.run(input)).probabilities);
    }
    read.push(rows.get(file) as LabelledFilm);
    greys.push(grey);
  }
  if (read.length === 0) {
    throw new GatewayError('INVALID_STATE', `None of the films can be read; the first: ${notRead[0]?.problem}`);
  }
  const assessment = assess({
    labels: manifest.labels,
    rows: read,
    hasPatients: table.hasPatients,
    predictions: subjects.all.map(({ precision }, index) => ({ precision, probabilities: probabilities[index] ?? [] })),
    rule,
    chooseOn: manifest.precision,
    resamples,
    seed,
  });
  const served = subjects.all.findIndex(({ precision }) => precision === manifest.precision);
  return {
    schemaVersion: 1,
    model: { name: manifest.name, version: manifest.version },
    digests: Object.fromEntries(subjects.all.map(({ precision, session }) => [precision, session.digest])),
    preprocessing: preprocessingVersion(manifest),
    dataSet: task.dataSet ?? name,
    reference: referenceOfFilms(manifest, probabilities[served < 0 ? 0 : served] ?? [], greys),
    ...assessment,
    notRead,
    notLabelled: files.length - rows.size,
    notFound: table.films.length - rows.size,
  };
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GatewayError('NOT_FOUND', `The table of labels ${path} cannot be read.`, {}, { cause });
  });
}
