/** Queries of the STUDY level of the Study Root model (PS3.4 section C.6.2.1), and their answers. */
import { GatewayError } from '../../../errors.ts';
import { isoDate, isoDateTime } from '../../date-time.ts';
import type { Elements } from '../../part10-writer.ts';
import { isUid } from '../../uid.ts';
import type { Identifier } from './identifier.ts';

/** Which studies of a node are wanted; all conditions must hold. */
export interface StudyQuery {
  readonly patientId?: string | undefined;
  readonly issuerOfPatientId?: string | undefined;
  readonly accessionNumber?: string | undefined;
  readonly studyInstanceUid?: string | undefined;
  /** Days, YYYY-MM-DD, both inclusive; a missing one is open. */
  readonly studyDate?: { readonly from?: string | undefined; readonly to?: string | undefined } | undefined;
  /** One of these. */
  readonly modalities?: readonly string[] | undefined;
}

/** A study as a node describes it. Nothing of it is a record of the gateway. */
export interface RemoteStudy {
  readonly studyInstanceUid: string;
  readonly patientId: string | null;
  readonly issuerOfPatientId: string | null;
  /** All component groups, as the node wrote it. */
  readonly patientName: string | null;
  /** YYYY-MM-DD. */
  readonly patientBirthDate: string | null;
  /** ISO 8601 date-time, read as UTC where the node states no time zone. */
  readonly studyDate: string | null;
  readonly accessionNumber: string | null;
  readonly modalities: readonly string[];
  readonly description: string | null;
  readonly numberOfInstances: number | null;
}

/** Tags of the attributes that are asked for, with their VRs. */
export const STUDY_ATTRIBUTES = {
  studyDate: ['00080020', 'DA'],
  studyTime: ['00080030', 'TM'],
  accessionNumber: ['00080050', 'SH'],
  modalities: ['00080061', 'CS'],
  timezone: ['00080201', 'SH'],
  description: ['00081030', 'LO'],
  patientName: ['00100010', 'PN'],
  patientId: ['00100020', 'LO'],
  issuerOfPatientId: ['00100021', 'LO'],
  patientBirthDate: ['00100030', 'DA'],
  studyInstanceUid: ['0020000d', 'UI'],
  numberOfInstances: ['00201208', 'IS'],
} as const;

type StudyAttribute = keyof typeof STUDY_ATTRIBUTES;

const QUERY_RETRIEVE_LEVEL = '00080052';

/** VRs of these hold 64 characters at most. */
const LONGEST_KEY = 64;

/**
 * The values to match, as DICOM writes them; what is absent matches everything.
 *
 * @throws GatewayError BAD_REQUEST for a value that would be a wildcard, a list or no value of its kind
 */
export function matchingKeys(query: StudyQuery): Readonly<Partial<Record<StudyAttribute, string>>> {
  const { modalities = [], studyDate, studyInstanceUid } = query;
  if (studyInstanceUid !== undefined && !isUid(studyInstanceUid)) {
    throw new GatewayError('BAD_REQUEST', 'The Study Instance UID to look for is no UID.');
  }
  const keys: Partial<Record<StudyAttribute, string | undefined>> = {
    patientId: exact(query.patientId, 'Patient ID'),
    issuerOfPatientId: exact(query.issuerOfPatientId, 'Issuer of Patient ID'),
    accessionNumber: exact(query.accessionNumber, 'Accession Number'),
    studyInstanceUid,
    studyDate: dateRange(studyDate),
    // Modalities in Study is matched against one value (PS3.4 section C.2.2.2); several are sorted out of the answers.
    modalities: modalities.length === 1 ? exact(modalities[0], 'Modality') : undefined,
  };
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
}

/** The identifier of a C-FIND request: matching keys with their values, return keys empty. @throws GatewayError BAD_REQUEST */
export function studyLevelKeys(query: StudyQuery): Elements {
  const keys: Readonly<Record<string, string>> = matchingKeys(query);
  const elements = Object.entries(STUDY_ATTRIBUTES).map(([name, [tag, vr]]) => [tag, [vr, keys[name] ?? '']]);
  return { [QUERY_RETRIEVE_LEVEL]: ['CS', 'STUDY'], ...Object.fromEntries(elements) };
}

/** A series of a remote study, as far as it says what was examined. */
export interface RemoteSeries {
  readonly modality: string | null;
  readonly bodyPart: string | null;
}

/** Tags of the attributes of a series that are asked for, with their VRs. */
export const SERIES_ATTRIBUTES = {
  modality: ['00080060', 'CS'],
  bodyPart: ['00180015', 'CS'],
  seriesInstanceUid: ['0020000e', 'UI'],
} as const;

/** The identifier of a C-FIND request for the series of a study. @throws GatewayError BAD_REQUEST */
export function seriesLevelKeys(studyInstanceUid: string): Elements {
  const { studyInstanceUid: uid = '' } = matchingKeys({ studyInstanceUid });
  const returned = Object.values(SERIES_ATTRIBUTES).map(([tag, vr]) => [tag, [vr, '']]);
  return {
    [QUERY_RETRIEVE_LEVEL]: ['CS', 'SERIES'],
    [STUDY_ATTRIBUTES.studyInstanceUid[0]]: ['UI', uid],
    ...Object.fromEntries(returned),
  };
}

/** A node's answer as a series. */
export function toRemoteSeries(answer: Identifier): RemoteSeries {
  return {
    modality: answer.text(SERIES_ATTRIBUTES.modality[0]),
    bodyPart: answer.text(SERIES_ATTRIBUTES.bodyPart[0]),
  };
}

/** The identifier of a C-MOVE or C-GET request for a whole study. */
export function retrieveStudyKeys(studyInstanceUid: string): Elements {
  return {
    [QUERY_RETRIEVE_LEVEL]: ['CS', 'STUDY'],
    [STUDY_ATTRIBUTES.studyInstanceUid[0]]: ['UI', studyInstanceUid],
  };
}

/**
 * A node's answer as a study; undefined when it names no study, or one that was not asked for: nodes that do not know a key
 * ignore it (PS3.4 section C.2.2.1.3), so the answer is compared with the query again.
 */
export function toRemoteStudy(answer: Identifier, query: StudyQuery): RemoteStudy | undefined {
  const text = (name: StudyAttribute) => answer.text(STUDY_ATTRIBUTES[name][0]);
  const studyInstanceUid = text('studyInstanceUid');
  if (studyInstanceUid === null || !isUid(studyInstanceUid)) return undefined;
  const instances = Number(text('numberOfInstances') ?? Number.NaN);
  const study: RemoteStudy = {
    studyInstanceUid,
    patientId: text('patientId'),
    issuerOfPatientId: text('issuerOfPatientId'),
    patientName: text('patientName'),
    patientBirthDate: isoDate(text('patientBirthDate')),
    studyDate: isoDateTime(text('studyDate'), text('studyTime'), text('timezone')),
    accessionNumber: text('accessionNumber'),
    modalities: answer.strings(STUDY_ATTRIBUTES.modalities[0]).filter((modality) => modality !== ''),
    description: text('description'),
    numberOfInstances: Number.isSafeInteger(instances) && instances >= 0 ? instances : null,
  };
  return contradicts(study, query, isoDate(text('studyDate'))) ? undefined : study;
}

/** Whether something that the answer states differs from what was asked for; what it does not state does not. */
function contradicts(study: RemoteStudy, query: StudyQuery, day: string | null): boolean {
  for (const key of ['patientId', 'issuerOfPatientId', 'accessionNumber', 'studyInstanceUid'] as const) {
    if (query[key] !== undefined && study[key] !== null && study[key] !== query[key].trim()) return true;
  }
  const { from, to } = query.studyDate ?? {};
  if (day !== null && ((from !== undefined && day < from) || (to !== undefined && day > to))) return true;
  const { modalities = [] } = query;
  return (
    modalities.length > 0 && study.modalities.length > 0 && !study.modalities.some((one) => modalities.includes(one))
  );
}

function exact(value: string | undefined, name: string): string | undefined {
  if (value === undefined) return undefined;
  const trimmed = value.trim();
  if (trimmed === '' || trimmed.length > LONGEST_KEY || /[*?\\\p{Cc}]/u.test(trimmed)) {
    throw new GatewayError(
      'BAD_REQUEST',
      `${name} to look for must be 1 to ${LONGEST_KEY} characters without *, ? and backslash.`,
    );
  }
  return trimmed;
}

/** Range matching (PS3.4 section C.2.2.2.5). */
function dateRange(range: StudyQuery['studyDate']): string | undefined {
  const { from, to } = range ?? {};
  if (from === undefined && to === undefined) return undefined;
  const [first, last] = [from, to].map((day) => {
    if (day !== undefined && isoDate(day.replaceAll('-', '')) !== day) {
      throw new GatewayError('BAD_REQUEST', 'A day to look for is written YYYY-MM-DD.');
    }
    return day?.replaceAll('-', '') ?? '';
  });
  return first === last ? first : `${first}-${last}`;
}
