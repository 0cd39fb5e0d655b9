/** Storage as SCU (PS3.4 annex B): C-STORE of films as they lie in their files. */
import { createReadStream } from 'node:fs';
import type { Association, ProposedContext } from '../../dicom/network/association.ts';
import { COMMAND } from '../../dicom/network/command-set.ts';
import { nameOfSopClass } from '../../dicom/sop-classes.ts';
import { DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, nameOfTransferSyntax } from '../../dicom/transfer-syntaxes.ts';
import { GatewayError } from '../../errors.ts';
import type { FilmListener, OutgoingFilm } from '../node-client.ts';
import { nextMessage, requireAnswer } from './node-association.ts';
import { isDone, statusError } from './status.ts';

/** PS3.8 section 9.3.2.2: odd numbers of one byte. */
const MAXIMUM_CONTEXTS = 128;

/** Message IDs have 16 bits. */
const MAXIMUM_MESSAGE_ID = 0xffff;

/** 0111, duplicate SOP Instance: the node has the film. */
const DUPLICATE = 0x0111;

/** Films that one association can send, and what is proposed for it. */
export interface StoreBatch {
  readonly contexts: readonly ProposedContext[];
  readonly films: readonly OutgoingFilm[];
}

const pairOf = ({ sopClassUid, transferSyntaxUid }: OutgoingFilm) => `${sopClassUid} ${transferSyntaxUid}`;

/**
 * Sorts films into associations: one context for each pair of SOP class and transfer syntax, because a film is sent as it
 * is stored, and a node accepts one syntax of a context. A study has one or two pairs.
 */
export function storeBatches(films: readonly OutgoingFilm[]): readonly StoreBatch[] {
  const byPair = [...Map.groupBy(films, pairOf).values()];
  const batches: StoreBatch[] = [];
  for (let at = 0; at < byPair.length; at += MAXIMUM_CONTEXTS) {
    const groups = byPair.slice(at, at + MAXIMUM_CONTEXTS);
    const contexts = groups.flatMap(([film]) =>
      film === undefined ? [] : [{ abstractSyntax: film.sopClassUid, transferSyntaxes: [film.transferSyntaxUid] }],
    );
    batches.push({ contexts, films: groups.flat() });
  }
  return batches;
}

/**
 * Sends films one after the other. A film that the node refuses stops no other.
 *
 * @throws GatewayError DICOM_NODE_FAILED when the association ends early; what reading a file throws
 */
export async function storeFilms(
  association: Association,
  films: readonly OutgoingFilm[],
  settled: FilmListener,
): Promise<void> {
  for (const [index, film] of films.entries()) {
    settled(film.sopInstanceUid, await storeFilm(association, film, (index % MAXIMUM_MESSAGE_ID) + 1));
  }
}

async function storeFilm(
  association: Association,
  film: OutgoingFilm,
  messageId: number,
): Promise<GatewayError | undefined> {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = film;
  const context = association.contexts.find(
    (one) => one.abstractSyntax === sopClassUid && one.transferSyntax === transferSyntaxUid,
  );
  if (context === undefined) {
    return new GatewayError(
      'DICOM_NODE_REFUSED',
      `The node does not take ${nameOfSopClass(sopClassUid)} as ${nameOfTransferSyntax(transferSyntaxUid)}.`,
      { sopInstanceUid, sopClassUid },
    );
  }
  await association.send(
    context.id,
    {
      commandField: COMMAND.C_STORE_RQ,
      affectedSopClassUid: sopClassUid,
      affectedSopInstanceUid: sopInstanceUid,
      messageId,
      priority: 0,
    },
    dataSetOf(film),
  );
  const { command } = await nextMessage(association);
  const status = requireAnswer(command, COMMAND.C_STORE_RSP, messageId);
  if (isDone(status) || status === DUPLICATE) return undefined;
  return statusError('C-STORE', status).with({ sopInstanceUid, sopClassUid });
}

/** Of a file at once. */
const READ_BYTES = 128 * 1024;

/** The data set as it lies in the file. Deflated ones may have an odd length there, and must not have it here (PS3.5 annex A.5). */
async function* dataSetOf(film: OutgoingFilm): AsyncGenerator<Uint8Array, void, void> {
  const stream: AsyncIterable<Uint8Array> = createReadStream(film.path, {
    start: film.dataSetStart,
    highWaterMark: READ_BYTES,
  });
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    yield chunk;
  }
  if (length % 2 === 1 && film.transferSyntaxUid === DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) yield Uint8Array.of(0);
}
