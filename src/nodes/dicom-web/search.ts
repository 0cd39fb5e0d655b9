/** QIDO-RS: the Search transaction of the Studies Service (PS3.18 section 10.6). */
import type { DicomWebAddress } from '../../dicom/network/node.ts';
import {
  matchingKeys,
  type RemoteSeries,
  type RemoteStudy,
  SERIES_ATTRIBUTES,
  STUDY_ATTRIBUTES,
  type StudyQuery,
  toRemoteSeries,
  toRemoteStudy,
} from '../../dicom/network/query/study-query.ts';
import { type FoundStudies, MAXIMUM_SERIES } from '../node-client.ts';
import { dataSetsOf, parseJson, toIdentifier } from './dicom-json.ts';
import { type DicomWebLimits, httpError, readAnswer, requestDicomWeb } from './request.ts';

/** Those that not every server returns unasked (PS3.18 table 10.6.3-3), or has a column for. */
const INCLUDED = ['issuerOfPatientId', 'description', 'numberOfInstances', 'patientBirthDate', 'timezone'] as const;

/**
 * Finds studies in one request.
 *
 * @throws GatewayError BAD_REQUEST, DICOM_NODE_UNREACHABLE, DICOM_NODE_FAILED, DICOM_NODE_REFUSED
 */
export async function searchStudies(
  address: DicomWebAddress,
  query: StudyQuery,
  limit: number,
  limits: DicomWebLimits,
  signal?: AbortSignal,
): Promise<FoundStudies> {
  const path = `/studies?${searchParameters(query, limit)}`;
  const dataSets = await search(address, path, limits, signal);
  const found = new Map<string, RemoteStudy>();
  for (const dataSet of dataSets) {
    const study = toRemoteStudy(toIdentifier(dataSet), query);
    if (study !== undefined) found.set(study.studyInstanceUid, study);
  }
  return { studies: [...found.values()].slice(0, limit), more: dataSets.length > limit };
}

/**
 * The series of a study, {@link MAXIMUM_SERIES} at most.
 *
 * @throws GatewayError DICOM_NODE_UNREACHABLE, DICOM_NODE_FAILED, DICOM_NODE_REFUSED
 */
export async function searchSeries(
  address: DicomWebAddress,
  studyInstanceUid: string,
  limits: DicomWebLimits,
  signal?: AbortSignal,
): Promise<readonly RemoteSeries[]> {
  const bodyPart = SERIES_ATTRIBUTES.bodyPart[0].toUpperCase();
  const parameters = new URLSearchParams({ includefield: bodyPart, limit: String(MAXIMUM_SERIES) });
  const dataSets = await search(address, `/studies/${studyInstanceUid}/series?${parameters}`, limits, signal);
  return dataSets.slice(0, MAXIMUM_SERIES).map((dataSet) => toRemoteSeries(toIdentifier(dataSet)));
}

async function search(
  address: DicomWebAddress,
  path: string,
  limits: DicomWebLimits,
  signal: AbortSignal | undefined,
): Promise<ReturnType<typeof dataSetsOf>> {
  const answer = await requestDicomWeb(
    address,
    { method: 'GET', path, accept: 'application/dicom+json', signal },
    limits,
  );
  if (answer.status === 200) return dataSetsOf(parseJson(await readAnswer(answer, limits)));
  answer.discard();
  if (answer.status === 204) return [];
  throw httpError('the search', answer.status);
}

/** One more than wanted is asked for, to know whether there are more. */
function searchParameters(query: StudyQuery, limit: number): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(matchingKeys(query))) {
    // Many servers refuse keys beyond the required ones (table 10.6.1-5): this one is compared in the answers.
    if (name !== 'issuerOfPatientId') parameters.append(tagOf(name as keyof typeof STUDY_ATTRIBUTES), value);
  }
  for (const name of INCLUDED) parameters.append('includefield', tagOf(name));
  parameters.append('limit', String(limit + 1));
  return parameters;
}

function tagOf(name: keyof typeof STUDY_ATTRIBUTES): string {
  return STUDY_ATTRIBUTES[name][0].toUpperCase();
}
