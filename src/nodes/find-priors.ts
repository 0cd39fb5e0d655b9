/** A patient's earlier chest radiographs at a node. */
import { statesChest } from '../dicom/eligibility-terms.ts';
import type { RemoteSeries, RemoteStudy, StudyQuery } from '../dicom/network/query/study-query.ts';
import type { NodeClient } from './node-client.ts';

/** Studies of one patient that are looked through for the latest ones. */
const MAXIMUM_STUDIES = 500;

/** Studies whose series are asked for, one after the other, until enough are found. */
const MAXIMUM_CANDIDATES = 100;

/** Modalities of projection radiography (PS3.3 section C.7.3.1.1.1, and RG and DR of older films). */
const RADIOGRAPHY = ['CR', 'DX', 'DR', 'RG'];

/**
 * The latest studies that have a series of chest radiographs as far as the node says. What it is silent about counts as
 * wanted: the gate looks at each film when it has come.
 *
 * @param patient - issuer undefined where nobody but the gateway gave it
 * @param before - YYYY-MM-DD; only studies of earlier days
 * @param first - most studies
 * @throws GatewayError BAD_REQUEST for a number that cannot be looked for, and what the client throws
 */
export async function findPriors(
  client: NodeClient,
  patient: { readonly mrn: string; readonly issuer: string | undefined },
  before: string | undefined,
  first: number,
  signal: AbortSignal,
): Promise<readonly RemoteStudy[]> {
  const query: StudyQuery = {
    patientId: patient.mrn,
    issuerOfPatientId: patient.issuer,
    studyDate: before === undefined ? undefined : { to: dayBefore(before) },
    modalities: RADIOGRAPHY,
  };
  const { studies } = await client.findStudies(query, MAXIMUM_STUDIES, signal);
  // An answer that does not name the patient is no answer to the question whose films these are.
  const candidates = studies.filter(({ patientId }) => patientId === patient.mrn).sort(latestFirst);
  const priors: RemoteStudy[] = [];
  for (const study of candidates.slice(0, MAXIMUM_CANDIDATES)) {
    if (priors.length === first) break;
    const series = await client.findSeries(study.studyInstanceUid, signal);
    if (series.length === 0 || series.some(mayBeChest)) priors.push(study);
  }
  return priors;
}

function mayBeChest({ modality, bodyPart }: RemoteSeries): boolean {
  return (modality === null || RADIOGRAPHY.includes(modality)) && (bodyPart === null || statesChest(bodyPart) !== 'NO');
}

function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

/** Studies without a date come last. */
function latestFirst(a: RemoteStudy, b: RemoteStudy): number {
  return (b.studyDate ?? '').localeCompare(a.studyDate ?? '');
}
