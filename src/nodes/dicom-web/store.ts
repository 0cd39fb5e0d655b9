/** STOW-RS: the Store transaction (PS3.18 section 10.5), one film a request, so that each has an answer of its own. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { formatStatus } from '../../dicom/network/command-set.ts';
import type { DicomWebAddress } from '../../dicom/network/node.ts';
import { GatewayError } from '../../errors.ts';
import type { FilmListener, OutgoingFilm } from '../node-client.ts';
import { dataSetsOf, parseJson, valuesOf } from './dicom-json.ts';
import { type DicomWebAnswer, type DicomWebLimits, httpError, readAnswer, requestDicomWeb } from './request.ts';

const FAILED_SOP_SEQUENCE = '00081198';
const FAILURE_REASON = '00081197';

/** PS3.18 table I.2-2: the node has the film already. */
const DUPLICATE = 0x0111;

/**
 * Sends films one after the other. A film that the node refuses stops no other.
 *
 * @throws GatewayError DICOM_NODE_UNREACHABLE, DICOM_NODE_FAILED, and DICOM_NODE_REFUSED where it takes no film at all
 */
export async function storeFilms(
  address: DicomWebAddress,
  films: readonly OutgoingFilm[],
  settled: FilmListener,
  limits: DicomWebLimits,
  signal?: AbortSignal,
): Promise<void> {
  for (const film of films) {
    const boundary = randomUUID();
    const answer = await requestDicomWeb(
      address,
      {
        method: 'POST',
        path: '/studies',
        accept: 'application/dicom+json',
        contentType: `multipart/related; type="application/dicom"; boundary=${boundary}`,
        body: messageOf(film.path, boundary),
        signal,
      },
      limits,
    );
    const { sopInstanceUid, sopClassUid } = film;
    settled(sopInstanceUid, (await refusalOf(answer, limits))?.with({ sopInstanceUid, sopClassUid }));
  }
}

async function* messageOf(path: string, boundary: string): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`);
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  yield Buffer.from(`\r\n--${boundary}--\r\n`);
}

/** 200: stored; 202: stored with a warning or refused, as the answer says; 409: refused (table 10.5.3-1). */
async function refusalOf(answer: DicomWebAnswer, limits: DicomWebLimits): Promise<GatewayError | undefined> {
  if (![200, 202, 409].includes(answer.status)) {
    answer.discard();
    const error = httpError('the film', answer.status);
    // 400 and 415 may be this film's fault; the others are about the node.
    if (answer.status === 400 || answer.status === 415) return error;
    throw error;
  }
  const bytes = await readAnswer(answer, limits);
  const [module] = bytes.length === 0 ? [] : dataSetsOf(parseJson(bytes));
  const [failed] = module === undefined ? [] : valuesOf(module, FAILED_SOP_SEQUENCE).flatMap(dataSetsOf);
  if (failed === undefined) return answer.status === 409 ? httpError('the film', 409) : undefined;
  const reason = Number(valuesOf(failed, FAILURE_REASON)[0] ?? Number.NaN);
  if (reason === DUPLICATE) return undefined;
  const text = Number.isInteger(reason) ? formatStatus(reason) : 'unknown';
  // A7xx: out of resources.
  const mayPass = (reason & 0xff00) === 0xa700;
  return new GatewayError(
    mayPass ? 'DICOM_NODE_FAILED' : 'DICOM_NODE_REFUSED',
    `The node refused the film with failure reason ${text}.`,
  );
}
