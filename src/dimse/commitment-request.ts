/** N-ACTION of the Storage Commitment Push Model (PS3.4 section J.3.2): the request is recorded, then answered. */
import { collectBytes } from '../collect-bytes.ts';
import type { AcceptedContext, DimseMessage } from '../dicom/network/association.ts';
import { COMMAND } from '../dicom/network/command-set.ts';
import {
  type CommitmentRequest,
  decodeCommitmentRequest,
  MAXIMUM_REQUEST_BYTES,
} from '../dicom/network/storage-commitment.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ClaimedCommitment, StorageCommitmentStore } from '../store/storage-commitments.ts';
import { STATUS, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE } from './conformance.ts';
import { type Outcome, outcomeOf, refused, SUCCEEDED } from './outcome.ts';
import type { Session } from './session.ts';

/** Request Storage Commitment (PS3.4 table J.3-1). */
const REQUEST_ACTION = 1;

/** Takes requests and reports on them. */
export interface CommitmentReporting {
  /** How long a request is claimed for its first attempt, ms. */
  readonly claimMs: number;
  /** Reports on a request that has just been made on this session, in its own time. Does not throw. */
  report(commitment: ClaimedCommitment, session: Session, context: AcceptedContext): void;
}

/** Answers N-ACTION. */
export class CommitmentRequests {
  readonly #store: Pick<StorageCommitmentStore, 'record'>;
  readonly #reporting: CommitmentReporting;
  readonly #log: Log;

  constructor(store: Pick<StorageCommitmentStore, 'record'>, reporting: CommitmentReporting, log: Log) {
    this.#store = store;
    this.#reporting = reporting;
    this.#log = log;
  }

  /**
   * Serves one N-ACTION request.
   *
   * @throws GatewayError when the association is lost
   */
  async take(message: DimseMessage, context: AcceptedContext, session: Session): Promise<void> {
    const { association } = session;
    const { command, contextId } = message;
    const recorded = await this.#record(message, context, session);
    await association.discard();
    await association.send(contextId, {
      commandField: COMMAND.N_ACTION_RSP,
      messageIdBeingRespondedTo: command.messageId,
      affectedSopClassUid: command.requestedSopClassUid,
      affectedSopInstanceUid: command.requestedSopInstanceUid,
      actionTypeId: command.actionTypeId,
      ...('status' in recorded ? recorded : SUCCEEDED),
    });
    if (!('status' in recorded)) this.#reporting.report(recorded, session, context);
  }

  async #record(
    { command, dataSet }: DimseMessage,
    context: AcceptedContext,
    session: Session,
  ): Promise<ClaimedCommitment | Outcome> {
    if (!context.role.scu) return refused(STATUS.NOT_AUTHORIZED, 'The SCU role was not agreed on.');
    if (command.requestedSopClassUid !== STORAGE_COMMITMENT) {
      return refused(STATUS.SOP_CLASS_NOT_SUPPORTED, 'Not the SOP class of the presentation context.');
    }
    if (command.requestedSopInstanceUid !== STORAGE_COMMITMENT_INSTANCE) {
      return refused(STATUS.NO_SUCH_OBJECT_INSTANCE, `The instance is ${STORAGE_COMMITMENT_INSTANCE}.`);
    }
    if (command.actionTypeId !== REQUEST_ACTION) return refused(STATUS.NO_SUCH_ACTION, 'The Action Type ID is 1.');
    if (dataSet === null) return refused(STATUS.MISTYPED_ARGUMENT, 'N-ACTION needs a data set.');
    let request: CommitmentRequest;
    try {
      request = decodeCommitmentRequest(
        await collectBytes(dataSet, MAXIMUM_REQUEST_BYTES, tooLong),
        context.transferSyntax === EXPLICIT_VR_LITTLE_ENDIAN,
      );
    } catch (error) {
      const coded = toGatewayError(error);
      if (coded.code === 'DICOM_NODE_FAILED') throw coded;
      return refused(STATUS.INVALID_ARGUMENT_VALUE, `${coded.code}: ${coded.message}`);
    }
    const { callingAeTitle, calledAeTitle } = session.association;
    try {
      const commitment = await this.#store.record(
        { ...request, callingAeTitle, calledAeTitle },
        this.#reporting.claimMs,
        session.actor('N-ACTION'),
      );
      this.#log.info('dimse.commitment-requested', { callingAeTitle, count: request.references.length });
      return commitment;
    } catch (error) {
      const coded = toGatewayError(error);
      this.#log.error('dimse.commitment-refused', { callingAeTitle, code: coded.code }, coded.cause ?? coded);
      return { ...outcomeOf(coded), status: STATUS.PROCESSING_FAILURE };
    }
  }
}

function tooLong(): GatewayError {
  return new GatewayError('PAYLOAD_TOO_LARGE', `The request has more than ${MAXIMUM_REQUEST_BYTES} bytes.`);
}
