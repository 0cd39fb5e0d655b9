/** Verification service as SCU (PS3.4 annex A): C-ECHO. */
import type { Association } from '../../dicom/network/association.ts';
import { COMMAND } from '../../dicom/network/command-set.ts';
import { VERIFICATION } from '../../dicom/sop-classes.ts';
import { IMPLICIT_VR_LITTLE_ENDIAN } from '../../dicom/transfer-syntaxes.ts';
import { contextOf, nextMessage, requireAnswer } from './node-association.ts';
import { isDone, statusError } from './status.ts';

/** What is proposed for {@link echo}. */
export const ECHO_CONTEXTS = [{ abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN] }];

/** @throws GatewayError DICOM_NODE_FAILED, DICOM_NODE_REFUSED */
export async function echo(association: Association): Promise<void> {
  const { id } = contextOf(association, VERIFICATION, 'verification (C-ECHO)');
  const messageId = 1;
  await association.send(id, { commandField: COMMAND.C_ECHO_RQ, affectedSopClassUid: VERIFICATION, messageId });
  const { command } = await nextMessage(association);
  const status = requireAnswer(command, COMMAND.C_ECHO_RSP, messageId);
  if (!isDone(status)) throw statusError('C-ECHO', status);
}
