/** N-EVENT-REPORT on a new association, which the gateway asks the requester of a storage commitment for (PS3.4 section J.3.3). */
import type { Association } from '../dicom/network/association.ts';
import { COMMAND } from '../dicom/network/command-set.ts';
import type { DicomNode } from '../dicom/network/node.ts';
import { PLAIN_TRANSFER_SYNTAXES } from '../dicom/transfer-syntaxes.ts';
import { GatewayError } from '../errors.ts';
import {
  associate,
  contextOf,
  type DimseIdentity,
  nextMessage,
  requireAnswer,
  withAssociation,
} from '../nodes/dimse/node-association.ts';
import type { ClaimedCommitment } from '../store/storage-commitments.ts';
import { eventReport, type StoredFilms } from './commitment-result.ts';
import { STATUS, STORAGE_COMMITMENT } from './conformance.ts';

/** What calling back needs. */
export interface CallbackOptions extends StoredFilms {
  readonly nodes: readonly DicomNode[];
  readonly identity: DimseIdentity;
}

/**
 * Calls the node of the requester's AE title and reports.
 *
 * @param delivered - called when the requester has confirmed the report, before the release, for which a node may take its time
 * @param signal - ends the attempt
 * @throws GatewayError DICOM_NODE_UNKNOWN when its host is not known, the codes of an association that fails, and what `delivered` throws
 */
export async function callBack(
  commitment: ClaimedCommitment,
  options: CallbackOptions,
  delivered: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { nodes, identity } = options;
  const address = nodes.find(({ dimse }) => dimse?.aeTitle === commitment.callingAeTitle)?.dimse;
  if (address?.host === undefined) {
    throw new GatewayError('DICOM_NODE_UNKNOWN', 'The requester of a storage commitment has no host.');
  }
  // The requester of the association is the provider of the service here, which has to be agreed on (PS3.4 section J.3.3).
  const proposed = {
    abstractSyntax: STORAGE_COMMITMENT,
    transferSyntaxes: PLAIN_TRANSFER_SYNTAXES,
    role: { scu: false, scp: true },
  };
  const opening = associate({ ...address, host: address.host }, identity, [proposed], signal);
  await withAssociation(opening, async (association) => {
    await deliver(commitment, association, options);
    await delivered();
  });
}

async function deliver(commitment: ClaimedCommitment, association: Association, films: StoredFilms): Promise<void> {
  const context = contextOf(association, STORAGE_COMMITMENT, 'storage commitment');
  const { command, dataSet } = await eventReport(commitment, context, films);
  await association.send(context.id, { ...command, messageId: 1 }, dataSet);
  const { command: answer } = await nextMessage(association);
  const status = requireAnswer(answer, COMMAND.N_EVENT_REPORT_RSP, 1);
  if (status !== STATUS.SUCCESS) {
    throw new GatewayError('DICOM_NODE_FAILED', `The report was answered with status ${status.toString(16)}.`);
  }
}
