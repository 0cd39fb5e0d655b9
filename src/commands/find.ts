/** `find`: the studies of a node. */
import { loadConfig } from '../config.ts';
import type { RemoteStudy, StudyQuery } from '../dicom/network/query/study-query.ts';
import { GatewayError } from '../errors.ts';
import { nodeClientOptions, preferredClient } from '../nodes/node-clients.ts';
import { findTarget, type TargetOptions } from './node-target.ts';
import { note, print, printTable } from './output.ts';

/** Options of the command line. */
export interface FindCommand extends TargetOptions {
  readonly patientId?: string;
  readonly issuer?: string;
  readonly accession?: string;
  /** A day, or a range FROM..TO. */
  readonly date?: string;
  readonly modality?: string;
  readonly study?: string;
  readonly first: number;
  readonly json?: boolean;
}

/** Prints what the node has. @throws GatewayError BAD_REQUEST, DICOM_NODE_UNKNOWN, and what the client throws */
export async function runFind(named: string, command: FindCommand): Promise<void> {
  const config = loadConfig({ DIMSE_AE_TITLE: command.calling });
  const query: StudyQuery = {
    patientId: command.patientId,
    issuerOfPatientId: command.issuer,
    accessionNumber: command.accession,
    studyInstanceUid: command.study,
    studyDate: command.date === undefined ? undefined : daysOf(command.date),
    modalities: command.modality === undefined ? undefined : [command.modality.toUpperCase()],
  };
  if (Object.values(query).every((value) => value === undefined)) {
    throw new GatewayError(
      'BAD_REQUEST',
      'Give at least one of --patient-id, --accession, --date, --modality, --study.',
    );
  }
  const client = preferredClient(await findTarget(named, command, config), nodeClientOptions(config));
  const signal = AbortSignal.timeout(config.transfers.queryTimeoutMs);
  const { studies, more } = await client.findStudies(query, command.first, signal);
  if (command.json === true) print(JSON.stringify(studies, null, 2));
  else if (studies.length > 0) printTable([COLUMNS.map(([name]) => name), ...studies.map(rowOf)]);
  if (command.json !== true) note(`${studies.length} ${studies.length === 1 ? 'study' : 'studies'}`);
  if (more) note(`The node has more; narrow the search or raise --first (${command.first}).`);
}

const COLUMNS: readonly (readonly [name: string, cell: (study: RemoteStudy) => string | null])[] = [
  ['study', ({ studyInstanceUid }) => studyInstanceUid],
  ['date', ({ studyDate }) => studyDate?.slice(0, 10) ?? null],
  ['modality', ({ modalities }) => modalities.join(' ')],
  ['films', ({ numberOfInstances }) => numberOfInstances?.toString() ?? null],
  ['patient', ({ patientId }) => patientId],
  ['name', ({ patientName }) => patientName],
  ['accession', ({ accessionNumber }) => accessionNumber],
  ['description', ({ description }) => description],
];

function rowOf(study: RemoteStudy): string[] {
  return COLUMNS.map(([, cell]) => cell(study) ?? '');
}

/** `YYYY-MM-DD`, `FROM..TO`, `FROM..`, `..TO`; days also as DICOM writes them. */
function daysOf(text: string): NonNullable<StudyQuery['studyDate']> {
  const [from, to] = text.includes('..') ? text.split('..') : [text, text];
  return { from: dayOf(from), to: dayOf(to) };
}

function dayOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  return text.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
}
