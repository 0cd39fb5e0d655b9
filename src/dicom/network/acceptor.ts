/**
 * Takes an association request on a fresh connection: the states Sta2 (waiting for the request) and Sta3 (deciding) of PS3.8
 * section 9.2. A request that is not complete within artimMs ends the connection; so does anything else than a request, with
 * A-ABORT.
 */
import type { Socket } from 'node:net';
import { GatewayError } from '../../errors.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../implementation.ts';
import {
  type AnsweredContext,
  type AssociateRequest,
  CONTEXT_RESULTS,
  DICOM_APPLICATION_CONTEXT,
  decodeAssociateRequest,
  encodeAssociateAccept,
  type RequestedContext,
} from './associate-pdu.ts';
import {
  type AcceptedContext,
  type Association,
  type AssociationLimits,
  DEFAULT_ROLE,
  type Role,
} from './association.ts';
import { Connection, type Deadline, deadlineIn } from './connection.ts';
import { abortConnection, EstablishedAssociation, endConnection } from './established-association.ts';
import { MalformedPdu } from './malformed-pdu.ts';
import { MessageWriter } from './message-writer.ts';
import { encodeReject, MAXIMUM_ASSOCIATE_BYTES, PDU, PDU_HEADER_BYTES, REJECTIONS, type Rejection } from './pdu.ts';

/** What becomes of one requested context. */
export type ContextDecision =
  | {
      readonly transferSyntax: string;
      /** What the requestor may be, of what it proposed; undefined: {@link DEFAULT_ROLE}. */
      readonly role?: Role;
    }
  | { readonly refused: 'ABSTRACT_SYNTAX_NOT_SUPPORTED' | 'TRANSFER_SYNTAXES_NOT_SUPPORTED' };

/** Who decides about requests. */
export interface AcceptorPolicy {
  /** Undefined accepts the association; its contexts are then decided one by one. */
  readonly judge: (request: AssociateRequest) => Rejection | undefined;
  readonly judgeContext: (context: RequestedContext, proposed: Role | undefined) => ContextDecision;
}

/** A request that was refused. */
export interface Refused {
  readonly request: AssociateRequest;
  readonly rejection: Rejection;
}

/**
 * Waits for the request and answers it.
 *
 * @returns the association, or what was refused
 * @throws GatewayError DICOM_NODE_FAILED when no proper request comes in time; the connection is ended then
 */
export async function acceptAssociation(
  socket: Socket,
  limits: AssociationLimits,
  policy: AcceptorPolicy,
): Promise<{ readonly association: Association } | { readonly refused: Refused }> {
  const connection = new Connection(socket, limits.artimMs);
  try {
    const deadline = deadlineIn(limits.artimMs, 'The association request');
    const request = await receiveRequest(connection, deadline);
    const rejection = unsupported(request) ?? policy.judge(request);
    if (rejection !== undefined) {
      endConnection(connection, encodeReject(rejection));
      return { refused: { request, rejection } };
    }
    return { association: await accept(connection, request, limits, policy, deadline) };
  } catch (error) {
    const isBroken = error instanceof MalformedPdu;
    abortConnection(connection, isBroken ? error.reason : 'NOT_SPECIFIED');
    if (!isBroken) throw error;
    throw new GatewayError('DICOM_NODE_FAILED', `The peer broke the protocol: ${error.message}`);
  }
}

async function receiveRequest(connection: Connection, deadline: Deadline): Promise<AssociateRequest> {
  const header = await connection.read(PDU_HEADER_BYTES, deadline);
  const [type, length] = [header.readUInt8(), header.readUInt32BE(2)];
  if (type !== PDU.ASSOCIATE_RQ) {
    const isKnown = type >= PDU.ASSOCIATE_RQ && type <= PDU.ABORT;
    throw new MalformedPdu(
      isKnown ? 'UNEXPECTED_PDU' : 'UNRECOGNIZED_PDU',
      'An association has to be asked for first.',
    );
  }
  if (length > MAXIMUM_ASSOCIATE_BYTES) {
    throw new MalformedPdu(
      'INVALID_PARAMETER',
      `An association request is longer than ${MAXIMUM_ASSOCIATE_BYTES} bytes.`,
    );
  }
  return decodeAssociateRequest(await connection.read(length, deadline));
}

function unsupported({ protocolVersion, applicationContext, user }: AssociateRequest): Rejection | undefined {
  if ((protocolVersion & 1) === 0) return REJECTIONS.PROTOCOL_VERSION_NOT_SUPPORTED;
  if (applicationContext !== DICOM_APPLICATION_CONTEXT) return REJECTIONS.APPLICATION_CONTEXT_NOT_SUPPORTED;
  if (!MessageWriter.takes(user.maxPduBytes)) {
    throw new MalformedPdu('INVALID_PARAMETER', 'The Maximum Length is too short for any message.');
  }
  return undefined;
}

async function accept(
  connection: Connection,
  request: AssociateRequest,
  limits: AssociationLimits,
  policy: AcceptorPolicy,
  deadline: Deadline,
): Promise<Association> {
  const answers: AnsweredContext[] = [];
  const accepted: AcceptedContext[] = [];
  const roles = new Map<string, Role>();
  for (const context of request.contexts) {
    const { id, abstractSyntax, transferSyntaxes } = context;
    const proposed = request.user.roles.get(abstractSyntax);
    const decision = policy.judgeContext(context, proposed);
    if ('refused' in decision) {
      answers.push({ id, result: CONTEXT_RESULTS[decision.refused], transferSyntax: transferSyntaxes[0] ?? '' });
    } else {
      const { transferSyntax, role = DEFAULT_ROLE } = decision;
      answers.push({ id, result: CONTEXT_RESULTS.ACCEPTANCE, transferSyntax });
      accepted.push({ id, abstractSyntax, transferSyntax, role });
      if (proposed !== undefined) roles.set(abstractSyntax, role);
    }
  }
  const { callingAeTitle, calledAeTitle } = request;
  const pdu = encodeAssociateAccept({
    callingAeTitle,
    calledAeTitle,
    contexts: answers,
    user: {
      maxPduBytes: limits.maxPduBytes,
      implementationClassUid: IMPLEMENTATION_CLASS_UID,
      implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      roles,
      namesUser: false,
    },
  });
  await connection.write([pdu], deadline);
  connection.patience = limits.idleTimeoutMs;
  const peerMaxPduBytes = request.user.maxPduBytes;
  const negotiated = { isRequestor: false, callingAeTitle, calledAeTitle, contexts: accepted, peerMaxPduBytes };
  return new EstablishedAssociation(connection, negotiated, limits);
}
