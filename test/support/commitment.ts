/** Storage commitment as its user: asks, and takes reports. */
import { expect } from 'vitest';
import type { Association, DimseMessage } from '../../src/dicom/network/association.ts';
import { COMMAND, type CommandSet } from '../../src/dicom/network/command-set.ts';
import {
  type CommitmentReport,
  decodeCommitmentReport,
  encodeCommitmentRequest,
  type SopReference,
} from '../../src/dicom/network/storage-commitment.ts';
import { STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE } from '../../src/dimse/conformance.ts';
import { answer, EXPLICIT } from './scu.ts';

/** N-ACTION that asks for commitment. */
export const ACTION = {
  commandField: COMMAND.N_ACTION_RQ,
  messageId: 3,
  requestedSopClassUid: STORAGE_COMMITMENT,
  requestedSopInstanceUid: STORAGE_COMMITMENT_INSTANCE,
  actionTypeId: 1,
};

/** Asks in the first context of the association; returns the answer. */
export async function ask(
  association: Association,
  transactionUid: string,
  references: readonly SopReference[],
): Promise<CommandSet> {
  const explicit = association.contexts[0]?.transferSyntax === EXPLICIT;
  await association.send(1, ACTION, encodeCommitmentRequest({ transactionUid, references }, explicit));
  return answer(association);
}

/** Takes one report and answers it. */
export async function takeReport(
  association: Association,
  status = 0,
): Promise<CommitmentReport & { readonly event: number }> {
  const message = (await association.receive()) as DimseMessage;
  expect(message.command).toMatchObject({
    commandField: COMMAND.N_EVENT_REPORT_RQ,
    affectedSopClassUid: STORAGE_COMMITMENT,
    affectedSopInstanceUid: STORAGE_COMMITMENT_INSTANCE,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of message.dataSet ?? []) chunks.push(chunk);
  const { command, contextId } = message;
  await association.send(contextId, {
    commandField: COMMAND.N_EVENT_REPORT_RSP,
    messageIdBeingRespondedTo: command.messageId,
    status,
  });
  const explicit = association.contexts.find(({ id }) => id === contextId)?.transferSyntax === EXPLICIT;
  return { ...decodeCommitmentReport(Buffer.concat(chunks), explicit), event: command.eventTypeId ?? 0 };
}
