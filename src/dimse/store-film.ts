/**
 * Storage service as provider (PS3.4 annex B): the data set of C-STORE becomes a Part 10 file on its way to the ingest. The file
 * meta information depends on the data set alone, never on who sent it or when, so the same data set is the same file.
 */
import type { AcceptedContext, Association, DimseMessage } from '../dicom/network/association.ts';
import { COMMAND, type CommandSet } from '../dicom/network/command-set.ts';
import { writeFileMeta } from '../dicom/part10-writer.ts';
import { isUid } from '../dicom/uid.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Ingest } from '../ingest.ts';
import type { AuditActor } from '../store/audit/audit-entry.ts';
import { STATUS } from './conformance.ts';
import { type Outcome, outcomeOf, refused, SUCCEEDED } from './outcome.ts';

/**
 * Stores the film of a C-STORE request; success means that it is durable. What is left of a refused data set is read away, so
 * that the answer meets a peer that has finished sending.
 *
 * @returns the response
 * @throws GatewayError when the association is lost
 */
export async function storeFilm(
  message: DimseMessage,
  context: AcceptedContext,
  association: Association,
  ingest: Ingest,
  by: AuditActor,
): Promise<CommandSet> {
  const { command } = message;
  const outcome = await store(message, context, association.callingAeTitle, ingest, by);
  await association.discard();
  return {
    commandField: COMMAND.C_STORE_RSP,
    messageIdBeingRespondedTo: command.messageId,
    affectedSopClassUid: command.affectedSopClassUid,
    affectedSopInstanceUid: command.affectedSopInstanceUid,
    ...outcome,
  };
}

async function store(
  { command, transientDataSet: dataSet }: DimseMessage,
  { abstractSyntax, transferSyntax, role }: AcceptedContext,
  callingAeTitle: string,
  ingest: Ingest,
  by: AuditActor,
): Promise<Outcome> {
  const { affectedSopClassUid: sopClassUid, affectedSopInstanceUid: sopInstanceUid } = command;
  if (!role.scu) return refused(STATUS.NOT_AUTHORIZED, 'The SCU role was not agreed on.');
  if (sopClassUid !== abstractSyntax) {
    return refused(STATUS.SOP_CLASS_NOT_SUPPORTED, 'Not the SOP class of the presentation context.');
  }
  if (dataSet === null) return refused(STATUS.MISTYPED_ARGUMENT, 'C-STORE needs a data set.');
  if (sopInstanceUid === undefined || !isUid(sopInstanceUid)) {
    return refused(STATUS.DATA_SET_MISMATCH, 'Affected SOP Instance UID is missing or no UID.');
  }
  const meta = writeFileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid: transferSyntax });
  try {
    await ingest.accept(asFile(meta, dataSet), {
      door: 'C_STORE',
      by,
      callingAeTitle,
      expectedSopClassUid: sopClassUid,
      expectedSopInstanceUid: sopInstanceUid,
    });
    return SUCCEEDED;
  } catch (error) {
    return outcomeOf(toGatewayError(error));
  }
}

async function* asFile(meta: Uint8Array, dataSet: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  yield meta;
  try {
    yield* dataSet;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'DICOM_NODE_FAILED') throw error;
    throw new GatewayError('UPLOAD_ABORTED', 'The association ended within the data set.', {}, { cause: error });
  }
}
