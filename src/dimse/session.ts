/**
 * One association served: requests of the peer are answered one after another, as no asynchronous operations are agreed on. The
 * door may ask the peer in between (N-EVENT-REPORT); the answer comes through the same loop.
 */
import { dicomActor } from '../access/dicom-actor.ts';
import type { Identity } from '../access/identity.ts';
import type { AcceptedContext, Association, DimseMessage } from '../dicom/network/association.ts';
import { COMMAND, type CommandSet, isResponse } from '../dicom/network/command-set.ts';
import { VERIFICATION } from '../dicom/sop-classes.ts';
import { GatewayError } from '../errors.ts';
import type { Ingest } from '../ingest.ts';
import type { AuditActor } from '../store/audit/audit-entry.ts';
import type { CommitmentRequests } from './commitment-request.ts';
import { STATUS, STORAGE_COMMITMENT } from './conformance.ts';
import { type Outcome, refused, SUCCEEDED } from './outcome.ts';
import { storeFilm } from './store-film.ts';

/** What a session needs. */
export interface SessionServices {
  readonly ingest: Ingest;
  readonly commitments: CommitmentRequests;
  /** Longest wait for the answer to a request of the door's own, ms. */
  readonly answerTimeoutMs: number;
  /** IP address of the peer. */
  readonly address: string;
  /** Who the peer is. */
  readonly identity: Identity;
}

const RESPONSE_BIT = 0x8000;

/** Serves one association. */
export class Session {
  readonly association: Association;
  readonly #services: SessionServices;
  readonly #waiting = new Map<number, (answer: CommandSet) => void>();
  #lastMessageId = 0;
  #busy = false;
  #draining = false;

  constructor(association: Association, services: SessionServices) {
    this.association = association;
    this.#services = services;
  }

  /**
   * Serves until the association ends.
   *
   * @throws GatewayError DICOM_NODE_FAILED when it did not end by a release
   */
  async run(): Promise<void> {
    const { association } = this;
    for (let message = await association.receive(); message !== null; message = await association.receive()) {
      this.#busy = true;
      await this.#answer(message);
      this.#busy = false;
      if (this.#draining) return association.abort();
    }
  }

  /** The peer, for the audit. */
  actor(operation: string): AuditActor {
    const { identity, address } = this.#services;
    return dicomActor(identity, address, operation);
  }

  /** Ends the association as soon as no message is being served. */
  drain(): void {
    this.#draining = true;
    if (!this.#busy) this.association.abort();
  }

  /**
   * Asks the peer something.
   *
   * @throws GatewayError DICOM_NODE_FAILED when the association ends or the peer does not answer
   */
  async ask(context: AcceptedContext, command: CommandSet, dataSet: Uint8Array): Promise<CommandSet> {
    this.#lastMessageId = (this.#lastMessageId % 0xffff) + 1;
    const messageId = this.#lastMessageId;
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.association.send(context.id, { ...command, messageId }, dataSet);
      return await new Promise<CommandSet>((resolve, reject) => {
        const unanswered = () => reject(new GatewayError('DICOM_NODE_FAILED', 'The node did not answer.'));
        this.#waiting.set(messageId, resolve);
        timer = setTimeout(unanswered, this.#services.answerTimeoutMs);
        void this.association.ended.then(unanswered);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(messageId);
    }
  }

  async #answer(message: DimseMessage): Promise<void> {
    const { association } = this;
    const { command } = message;
    if (isResponse(command)) {
      this.#waiting.get(command.messageIdBeingRespondedTo ?? 0)?.(command);
      return;
    }
    // A request that is over already has nothing to cancel, and C-CANCEL is not answered.
    if (command.commandField === COMMAND.C_CANCEL_RQ) return;
    const context = association.contexts.find(({ id }) => id === message.contextId);
    if (context === undefined) throw new GatewayError('INTERNAL', 'A message came in a context that was not accepted.');
    if (command.messageId === undefined) {
      await this.#refuse(message, refused(STATUS.MISTYPED_ARGUMENT, 'The command has no Message ID.'));
    } else if (command.commandField === COMMAND.C_STORE_RQ) {
      const response = await storeFilm(message, context, association, this.#services.ingest, this.actor('C-STORE'));
      await association.send(message.contextId, response);
    } else if (command.commandField === COMMAND.C_ECHO_RQ) {
      await this.#echo(message, context);
    } else if (command.commandField === COMMAND.N_ACTION_RQ && context.abstractSyntax === STORAGE_COMMITMENT) {
      await this.#services.commitments.take(message, context, this);
    } else {
      await this.#refuse(
        message,
        refused(STATUS.UNRECOGNIZED_OPERATION, 'The gateway does not provide this operation.'),
      );
    }
  }

  async #echo(message: DimseMessage, context: AcceptedContext): Promise<void> {
    const isVerification = context.abstractSyntax === VERIFICATION;
    const comment = 'C-ECHO belongs to the Verification SOP class.';
    await this.#refuse(message, isVerification ? SUCCEEDED : refused(STATUS.SOP_CLASS_NOT_SUPPORTED, comment));
  }

  /** Answers without looking at the data set. */
  async #refuse({ contextId, command }: DimseMessage, outcome: Outcome): Promise<void> {
    await this.association.discard();
    await this.association.send(contextId, {
      commandField: command.commandField | RESPONSE_BIT,
      messageIdBeingRespondedTo: command.messageId ?? 0,
      affectedSopClassUid: command.affectedSopClassUid ?? command.requestedSopClassUid,
      ...outcome,
    });
  }
}
