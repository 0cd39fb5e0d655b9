/**
 * Study Root Retrieve as SCU (PS3.4 annex C): C-GET, by which the films come on the same association, each as a C-STORE
 * sub-operation of which the gateway is the provider. What the node says of a film is not believed: it is taken in as any
 * other, and one of another study is refused by whoever receives it.
 */
import type { AcceptedContext, Association, DimseMessage } from '../../dicom/network/association.ts';
import { COMMAND, type CommandSet } from '../../dicom/network/command-set.ts';
import { encodeIdentifier } from '../../dicom/network/query/identifier.ts';
import { retrieveStudyKeys } from '../../dicom/network/query/study-query.ts';
import { writeFileMeta } from '../../dicom/part10-writer.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, PLAIN_TRANSFER_SYNTAXES } from '../../dicom/transfer-syntaxes.ts';
import { isUid } from '../../dicom/uid.ts';
import { GatewayError, toGatewayError } from '../../errors.ts';
import { type FilmListener, type FilmReceiver, MAXIMUM_FILMS } from '../node-client.ts';
import { contextOf, nextMessage, requireAnswer } from './node-association.ts';
import { isNoSuboperation, isPending, SUBOPERATIONS_INCOMPLETE, SUCCESS, statusError } from './status.ts';
import { storageContexts } from './storage-contexts.ts';

const STUDY_ROOT_GET = '1.2.840.10008.5.1.4.1.2.2.3';

/** What is proposed for {@link getStudy}. */
export const GET_CONTEXTS = [
  { abstractSyntax: STUDY_ROOT_GET, transferSyntaxes: PLAIN_TRANSFER_SYNTAXES },
  ...storageContexts(),
];

/**
 * Receives every film of a study.
 *
 * @throws GatewayError DICOM_NODE_FAILED, DICOM_NODE_REFUSED
 */
export async function getStudy(
  association: Association,
  studyInstanceUid: string,
  receive: FilmReceiver,
  settled: FilmListener,
): Promise<void> {
  const { id, transferSyntax } = contextOf(association, STUDY_ROOT_GET, 'retrieval by C-GET (Study Root)');
  if (!association.contexts.some(({ role }) => role.scp)) {
    throw new GatewayError('DICOM_NODE_REFUSED', 'The node sends no films on the association that asks for them.');
  }
  const messageId = 1;
  await association.send(
    id,
    { commandField: COMMAND.C_GET_RQ, affectedSopClassUid: STUDY_ROOT_GET, messageId, priority: 0 },
    encodeIdentifier(retrieveStudyKeys(studyInstanceUid), transferSyntax === EXPLICIT_VR_LITTLE_ENDIAN),
  );
  let refused = 0;
  for (let films = 0; films <= MAXIMUM_FILMS; ) {
    const message = await nextMessage(association);
    if (message.command.commandField === COMMAND.C_STORE_RQ) {
      films += 1;
      const error = await takeFilm(association, message, receive);
      if (error !== undefined) refused += 1;
      settled(message.command.affectedSopInstanceUid, error);
      continue;
    }
    const status = requireAnswer(message.command, COMMAND.C_GET_RSP, messageId);
    if (isPending(status)) continue;
    const unsent = reportUnsent(message.command, refused, settled);
    if (status === SUCCESS || status === SUBOPERATIONS_INCOMPLETE) return;
    if (isNoSuboperation(status) && films + unsent > 0) return;
    throw statusError('C-GET', status);
  }
  throw new GatewayError('DICOM_NODE_REFUSED', `The study has more than ${MAXIMUM_FILMS} films.`);
}

/** Films that the node counts as failed although the gateway never saw them: it had no context for them, or could not read them. */
function reportUnsent(command: CommandSet, refused: number, settled: FilmListener): number {
  const unsent = Math.min(Math.max(0, (command.numberOfFailedSuboperations ?? 0) - refused), MAXIMUM_FILMS);
  for (let film = 0; film < unsent; film += 1) {
    settled(undefined, new GatewayError('DICOM_NODE_REFUSED', 'The node could not send an object of the study.'));
  }
  return unsent;
}

/** Receives one film and answers its C-STORE. Rejects only when the association is no use any more. */
async function takeFilm(
  association: Association,
  { contextId, command, dataSet }: DimseMessage,
  receive: FilmReceiver,
): Promise<GatewayError | undefined> {
  const { affectedSopClassUid, affectedSopInstanceUid, messageId } = command;
  if (messageId === undefined) throw new GatewayError('DICOM_NODE_FAILED', 'The node sends a film without message id.');
  const context = association.contexts.find((one) => one.id === contextId);
  const error = await storeFilm(context, command, dataSet, receive);
  await association.discard();
  await association.send(contextId, {
    commandField: COMMAND.C_STORE_RSP,
    messageIdBeingRespondedTo: messageId,
    affectedSopClassUid,
    affectedSopInstanceUid,
    status: error?.dicomStatus ?? SUCCESS,
  });
  return error;
}

async function storeFilm(
  context: AcceptedContext | undefined,
  { affectedSopClassUid: sopClassUid, affectedSopInstanceUid: sopInstanceUid }: CommandSet,
  dataSet: DimseMessage['dataSet'],
  receive: FilmReceiver,
): Promise<GatewayError | undefined> {
  if (sopInstanceUid === undefined || !isUid(sopInstanceUid)) {
    return new GatewayError('INVALID_ATTRIBUTE', 'The node sends a film without SOP Instance UID.');
  }
  if (context?.role.scp !== true || sopClassUid !== context.abstractSyntax) {
    return new GatewayError('SOP_CLASS_UNSUPPORTED', 'The node sends a film of another SOP class than was agreed on.');
  }
  if (dataSet === null) return new GatewayError('NO_PIXEL_DATA', 'The node sends a film without data set.');
  const meta = writeFileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid: context.transferSyntax });
  const source = new WatchedSource(dataSet);
  try {
    await receive({ bytes: withMeta(meta, source), sopInstanceUid });
    return undefined;
  } catch (error) {
    // A broken association is no failure of this film.
    if (source.failure !== undefined) throw source.failure;
    return toGatewayError(error).with({ sopInstanceUid, sopClassUid });
  }
}

/** Keeps why the bytes ended, to tell a lost association from a refused film. */
class WatchedSource implements AsyncIterable<Uint8Array> {
  failure: unknown;
  readonly #source: AsyncIterable<Uint8Array>;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* this.#source;
    } catch (error) {
      // A film that is too long is refused; the rest of it is thrown away.
      if (!(error instanceof GatewayError && error.code === 'PAYLOAD_TOO_LARGE')) this.failure = error;
      throw error;
    }
  }
}

async function* withMeta(meta: Uint8Array, dataSet: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  yield meta;
  yield* dataSet;
}
