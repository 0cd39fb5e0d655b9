/** WADO-RS: the Retrieve transaction for a study (PS3.18 section 10.4), read part by part as it arrives. */
import type { DicomWebAddress } from '../../dicom/network/node.ts';
import { GatewayError, toGatewayError } from '../../errors.ts';
import { parseMediaType } from '../../http/media-type.ts';
import { boundaryOf } from '../../http/multipart/boundary.ts';
import { type Part, readParts } from '../../http/multipart/reader.ts';
import { type FilmListener, type FilmReceiver, MAXIMUM_FILMS } from '../node-client.ts';
import { type DicomWebAnswer, type DicomWebLimits, httpError, requestDicomWeb } from './request.ts';

/** Every film in the transfer syntax in which it is stored (PS3.18 section 8.7.3.5.2). */
const AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*';

/**
 * Receives every film of a study.
 *
 * @throws GatewayError DICOM_NODE_UNREACHABLE, DICOM_NODE_FAILED, DICOM_NODE_REFUSED
 */
export async function retrieveStudy(
  address: DicomWebAddress,
  studyInstanceUid: string,
  receive: FilmReceiver,
  settled: FilmListener,
  limits: DicomWebLimits,
  signal?: AbortSignal,
): Promise<void> {
  const path = `/studies/${studyInstanceUid}`;
  const answer = await requestDicomWeb(address, { method: 'GET', path, accept: AS_STORED, signal }, limits);
  if (answer.status === 404 || answer.status === 410) return answer.discard(); // it has no film of the study
  try {
    if (answer.status !== 200) throw httpError('the retrieval', answer.status);
    await receiveParts(partsOf(answer), receive, settled);
  } finally {
    answer.discard();
  }
}

async function receiveParts(parts: AsyncIterable<Part>, receive: FilmReceiver, settled: FilmListener): Promise<void> {
  let films = 0;
  // A message that breaks off fails the film that was arriving first; that is no failure of the film.
  let failure: GatewayError | undefined;
  try {
    for await (const { body } of parts) {
      if (failure !== undefined) settled(failure.details.sopInstanceUid, failure);
      films += 1;
      if (films > MAXIMUM_FILMS) {
        throw new GatewayError('DICOM_NODE_REFUSED', `The study has more than ${MAXIMUM_FILMS} films.`);
      }
      failure = await refusalOf(receive({ bytes: body, sopInstanceUid: undefined }));
      if (failure === undefined) settled(undefined, undefined);
    }
  } catch (error) {
    throw brokenMessage(toGatewayError(error));
  }
  if (failure !== undefined) settled(failure.details.sopInstanceUid, failure);
}

async function refusalOf(received: Promise<void>): Promise<GatewayError | undefined> {
  try {
    await received;
    return undefined;
  } catch (error) {
    return toGatewayError(error);
  }
}

/** What is wrong with the message is the node's fault here, not the request's. */
function brokenMessage(error: GatewayError): GatewayError {
  if (error.code !== 'BAD_REQUEST') return error;
  return new GatewayError(
    'DICOM_NODE_FAILED',
    'The node answers with a broken multipart message.',
    {},
    { cause: error },
  );
}

/** @throws GatewayError DICOM_NODE_REFUSED when the answer is not what was asked for */
function partsOf({ contentType, body }: DicomWebAnswer): AsyncIterable<Part> {
  const type = parseMediaType(contentType);
  const inner = type?.parameters.get('type')?.toLowerCase() ?? 'application/dicom';
  if (type?.essence !== 'multipart/related' || inner !== 'application/dicom') {
    throw new GatewayError(
      'DICOM_NODE_REFUSED',
      'The node does not answer with multipart/related of application/dicom.',
    );
  }
  try {
    return readParts(body, boundaryOf(type));
  } catch (error) {
    throw brokenMessage(toGatewayError(error));
  }
}
