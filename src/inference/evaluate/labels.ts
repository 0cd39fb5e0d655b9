/** The labels that films are evaluated against: a table with one row a film. */
import { posix } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { parseCsv, wrong } from './csv.ts';

/** What is known of a film for one label: present, absent, or not known (then the film does not count for the label). */
export type Truth = 0 | 1 | null;

/** One row of the table. */
export interface LabelledFilm {
  /** Name or path of the film's file, relative to the folder of films. */
  readonly file: string;
  /** Whose film it is; null when the table has no patients. Films of one patient are resampled together. */
  readonly patient: string | null;
  /** One a label, in the order asked for. */
  readonly truths: readonly Truth[];
}

/** The table, reduced to the labels of a model. */
export interface LabelTable {
  readonly films: readonly LabelledFilm[];
  /** Whether it tells patients apart. */
  readonly hasPatients: boolean;
  /** Labels of the model that it has no column for. */
  readonly absent: readonly string[];
}

/** Names of the column that tells patients apart, in the form of {@link plain}. */
const PATIENT_COLUMNS = ['patient', 'patientid', 'subjectid', 'subject'];

/** -1: "uncertain" of the CheXpert labeller (Irvin et al., AAAI 2019). */
const TRUTHS: ReadonlyMap<string, Truth> = new Map<string, Truth>([
  ['1', 1],
  ['1.0', 1],
  ['0', 0],
  ['0.0', 0],
  ['', null],
  ['-1', null],
  ['-1.0', null],
]);

/**
 * Reads a table of labels. Its first record names the columns. The first column is the film's file; the columns of
 * labels are found by name, whatever their case and whether words are parted by spaces, underscores or hyphens; a column
 * `patient`, `patient_id`, `subject` or `subject_id` tells patients apart; other columns are stepped over. Values are 1,
 * 0, or nothing or -1 for not known.
 *
 * @param text - content of the CSV file
 * @param name - name of the file, for messages
 * @param labels - labels of the model
 * @throws GatewayError BAD_REQUEST naming the line and the column at fault
 */
export function parseLabels(text: string, name: string, labels: readonly string[]): LabelTable {
  const [header, ...records] = parseCsv(text, name);
  if (header === undefined || records.length === 0) throw wrong(name, 1, 'the table has no films');
  const columns = header.fields.map(plain);
  const duplicate = columns.find((column, index) => column !== '' && columns.indexOf(column) !== index);
  if (duplicate !== undefined) throw wrong(name, header.line, `two columns are named ${duplicate}`);
  const labelColumns = labels.map((label) => columns.indexOf(plain(label), 1));
  if (labelColumns.every((column) => column < 0)) {
    throw wrong(name, header.line, `no column is named like a label of the model (${labels.join(', ')})`);
  }
  const patientColumn = columns.findIndex((column, index) => index > 0 && PATIENT_COLUMNS.includes(column));
  const lines = new Map<string, number>();
  const films = records.map(({ line, fields }): LabelledFilm => {
    const [file = ''] = fields;
    if (file === '') throw wrong(name, line, 'the film has no file name');
    const earlier = lines.get(file);
    if (earlier !== undefined) throw wrong(name, line, `the film ${file} stands in line ${earlier} already`);
    lines.set(file, line);
    const truths = labelColumns.map((column, index) => {
      const value = fields[column]?.trim() ?? '';
      const truth = TRUTHS.get(value);
      if (truth === undefined) throw wrong(name, line, `${labels[index]} is "${value}", not 1, 0, -1 or empty`);
      return truth;
    });
    return { file, patient: patientColumn < 0 ? null : patientOf(fields[patientColumn], file), truths };
  });
  const absent = labels.filter((_, index) => (labelColumns[index] ?? -1) < 0);
  return { films, hasPatients: patientColumn >= 0, absent };
}

/**
 * The row of each film that the table names: by its path within the folder, else by the name of its file alone.
 *
 * @param files - paths of films within their folder, parts separated by slashes
 * @throws GatewayError NOT_FOUND when the table names none of them; BAD_REQUEST when a row fits two
 */
export function rowsByFile(
  { films }: LabelTable,
  files: readonly string[],
  name: string,
): ReadonlyMap<string, LabelledFilm> {
  const rows = new Map(films.map((row) => [row.file, row]));
  const taken = new Map<LabelledFilm, string>();
  const found = new Map<string, LabelledFilm>();
  for (const file of files) {
    const row = rows.get(file) ?? rows.get(posix.basename(file));
    if (row === undefined) continue;
    const other = taken.get(row);
    if (other !== undefined) {
      throw new GatewayError('BAD_REQUEST', `${name} names ${row.file}, but the folder has ${other} and ${file}.`);
    }
    taken.set(row, file);
    found.set(file, row);
  }
  if (found.size === 0) throw new GatewayError('NOT_FOUND', `The folder has none of the films that ${name} names.`);
  return found;
}

function plain(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, '');
}

/** A film whose patient is not given is a patient of its own. */
function patientOf(value: string | undefined, file: string): string {
  const patient = value?.trim() ?? '';
  return patient === '' ? `film ${file}` : patient;
}
