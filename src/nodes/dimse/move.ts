/** Study Root Retrieve as SCU (PS3.4 annex C): C-MOVE, by which the node sends the films to the gateway's own door. */
import type { Association } from '../../dicom/network/association.ts';
import { COMMAND, type CommandSet } from '../../dicom/network/command-set.ts';
import { encodeIdentifier } from '../../dicom/network/query/identifier.ts';
import { retrieveStudyKeys } from '../../dicom/network/query/study-query.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, PLAIN_TRANSFER_SYNTAXES } from '../../dicom/transfer-syntaxes.ts';
import type { MovedFilms } from '../node-client.ts';
import { contextOf, nextMessage, requireAnswer } from './node-association.ts';
import { isNoSuboperation, isPending, SUBOPERATIONS_INCOMPLETE, SUCCESS, statusError } from './status.ts';

const STUDY_ROOT_MOVE = '1.2.840.10008.5.1.4.1.2.2.2';

/** What is proposed for {@link moveStudy}. */
export const MOVE_CONTEXTS = [{ abstractSyntax: STUDY_ROOT_MOVE, transferSyntaxes: PLAIN_TRANSFER_SYNTAXES }];

/**
 * Has the node send a study to an AE title that it knows.
 *
 * @param moved - told the node's counts as they change
 * @throws GatewayError DICOM_NODE_FAILED, DICOM_NODE_REFUSED (also for a destination that the node does not know)
 */
export async function moveStudy(
  association: Association,
  studyInstanceUid: string,
  destination: string,
  moved: (films: MovedFilms) => void,
): Promise<void> {
  const { id, transferSyntax } = contextOf(association, STUDY_ROOT_MOVE, 'retrieval by C-MOVE (Study Root)');
  const messageId = 1;
  await association.send(
    id,
    {
      commandField: COMMAND.C_MOVE_RQ,
      affectedSopClassUid: STUDY_ROOT_MOVE,
      messageId,
      priority: 0,
      moveDestination: destination,
    },
    encodeIdentifier(retrieveStudyKeys(studyInstanceUid), transferSyntax === EXPLICIT_VR_LITTLE_ENDIAN),
  );
  for (;;) {
    const { command } = await nextMessage(association);
    const status = requireAnswer(command, COMMAND.C_MOVE_RSP, messageId);
    const counts = countsOf(command);
    if (counts !== undefined) moved(counts);
    if (isPending(status)) continue;
    if (status === SUCCESS || status === SUBOPERATIONS_INCOMPLETE) return;
    if (isNoSuboperation(status) && counts !== undefined && counts.failed > 0) return;
    throw statusError('C-MOVE', status);
  }
}

/** Undefined where the node says nothing; warnings count as done (PS3.4 section C.4.2.1.8). */
function countsOf(command: CommandSet): MovedFilms | undefined {
  const { numberOfCompletedSuboperations: completed, numberOfFailedSuboperations: failed } = command;
  if (completed === undefined && failed === undefined) return undefined;
  return {
    completed: (completed ?? 0) + (command.numberOfWarningSuboperations ?? 0),
    failed: failed ?? 0,
    remaining: command.numberOfRemainingSuboperations ?? null,
  };
}
