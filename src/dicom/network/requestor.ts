/**
 * Asks another node for an association: the states Sta4 (connecting) and Sta5 (waiting for the answer) of PS3.8 section 9.2. Both
 * end by an answer, or after artimMs.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { GatewayError } from '../../errors.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../implementation.ts';
import {
  type AssociateAccept,
  CONTEXT_RESULTS,
  decodeAssociateAccept,
  encodeAssociateRequest,
} from './associate-pdu.ts';
import {
  type AcceptedContext,
  type Association,
  type AssociationRequest,
  DEFAULT_ROLE,
  type Role,
} from './association.ts';
import { Connection, type Deadline, deadlineIn } from './connection.ts';
import { abortConnection, EstablishedAssociation, endConnection } from './established-association.ts';
import { MalformedPdu } from './malformed-pdu.ts';
import { MessageWriter } from './message-writer.ts';
import {
  decodeReject,
  describeAbort,
  describeRejection,
  MAXIMUM_ASSOCIATE_BYTES,
  PDU,
  PDU_HEADER_BYTES,
  SHORT_PDU_BYTES,
} from './pdu.ts';
import { tlsProblem } from './tls-problem.ts';

const TRANSIENT = 2;

/** First bytes of what a TLS server says to one that does not speak TLS (RFC 8446 section 5.1); no PDU has this type. */
const TLS_ALERT = 0x15;
const TLS_MAJOR_VERSION = 3;

/**
 * Connects and negotiates. The context IDs are 1, 3, 5 ... in the order of `request.contexts`; contexts that the peer did not
 * accept are missing from the result's, which may be empty.
 *
 * @throws GatewayError DICOM_NODE_UNREACHABLE when there is no connection or no answer, DICOM_ASSOCIATION_REJECTED with the
 *   peer's reason in words, DICOM_NODE_FAILED when it rejects for now or its answer makes no sense
 */
export async function requestAssociation(request: AssociationRequest): Promise<Association> {
  const { signal, limits } = request;
  signal?.throwIfAborted();
  const socket = await connect(request);
  const connection = new Connection(socket, limits.idleTimeoutMs);
  const cut = () => connection.destroy();
  signal?.addEventListener('abort', cut, { once: true });
  try {
    const association = await negotiate(connection, request);
    if (signal !== undefined) endOnSignal(association, signal);
    return association;
  } catch (error) {
    signal?.throwIfAborted();
    throw refusal(connection, error);
  } finally {
    signal?.removeEventListener('abort', cut);
  }
}

function endOnSignal(association: Association, signal: AbortSignal): void {
  const abort = () => association.abort();
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  void association.ended.then(() => signal.removeEventListener('abort', abort));
}

async function connect(request: AssociationRequest): Promise<Socket> {
  const { host, port, tls, limits, signal } = request;
  const socket =
    tls === undefined
      ? connectTcp({ host, port })
      : connectTls({
          host,
          port,
          minVersion: 'TLSv1.2',
          servername: tls.serverName ?? (isIP(host) === 0 ? host : ''),
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          ...(tls.cert === undefined ? {} : { cert: tls.cert }),
          ...(tls.key === undefined ? {} : { key: tls.key }),
        });
  const problem = await connected(socket, tls === undefined ? 'connect' : 'secureConnect', limits.artimMs, signal);
  if (problem === undefined) return socket;
  socket.destroy();
  signal?.throwIfAborted();
  throw new GatewayError('DICOM_NODE_UNREACHABLE', `${host}:${port} ${problem}.`);
}

/** Resolves with undefined once connected, else with what happened. */
async function connected(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort = () => {};
  const problem = await new Promise<string | undefined>((resolve) => {
    onAbort = () => resolve('was no longer wanted');
    timer = setTimeout(() => resolve(`gave no connection within ${milliseconds} ms`), milliseconds);
    signal?.addEventListener('abort', onAbort);
    socket.once(event, () => resolve(undefined));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve(`gave no connection${reasonOf(error) ?? ` (${error.code ?? 'no code'})`}`),
    );
    socket.once('close', () => resolve('closed the connection'));
  });
  clearTimeout(timer);
  signal?.removeEventListener('abort', onAbort);
  return problem;
}

/**
 * In TLS 1.3 the gateway's certificate is looked at when the request is on its way already; a node that closes on the unread
 * request resets the connection, and its alert may be lost with it.
 */
const CLOSED_AFTER_HANDSHAKE =
  ': it closed the connection after the handshake of TLS, as nodes do that miss or do not trust the certificate of the gateway (DIMSE_TLS_CERT_FILE)';

/** For behind a statement. */
function reasonOf(error: unknown): string | undefined {
  const problem = tlsProblem(error);
  return problem === undefined ? undefined : `: ${problem}`;
}

async function negotiate(connection: Connection, request: AssociationRequest): Promise<Association> {
  const { callingAeTitle, calledAeTitle, limits } = request;
  const deadline = deadlineIn(limits.artimMs, 'The answer to the association request');
  const contexts = request.contexts.map((context, index) => ({ id: 2 * index + 1, ...context }));
  const pdu = encodeAssociateRequest({
    callingAeTitle,
    calledAeTitle,
    contexts,
    user: {
      maxPduBytes: limits.maxPduBytes,
      implementationClassUid: IMPLEMENTATION_CLASS_UID,
      implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      roles: new Map(
        contexts.flatMap(({ abstractSyntax, role }) => (role === undefined ? [] : [[abstractSyntax, role]])),
      ),
      namesUser: false,
    },
  });
  await connection.write([pdu], deadline);
  const accept = await answer(connection, deadline, request.tls !== undefined);
  if (!MessageWriter.takes(accept.user.maxPduBytes)) {
    throw new MalformedPdu('INVALID_PARAMETER', 'The Maximum Length is too short for any message.');
  }
  const accepted = contexts.flatMap((context): AcceptedContext[] => {
    const answered = accept.contexts.find(({ id }) => id === context.id);
    if (answered?.result !== CONTEXT_RESULTS.ACCEPTANCE) return [];
    const { transferSyntax } = answered;
    if (!context.transferSyntaxes.includes(transferSyntax)) {
      throw new MalformedPdu('INVALID_PARAMETER', 'A transfer syntax was accepted that had not been proposed.');
    }
    const { id, abstractSyntax } = context;
    const role = agreedRole(context.role, accept.user.roles.get(abstractSyntax));
    return [{ id, abstractSyntax, transferSyntax, role }];
  });
  const peerMaxPduBytes = accept.user.maxPduBytes;
  const negotiated = { isRequestor: true, callingAeTitle, calledAeTitle, contexts: accepted, peerMaxPduBytes };
  return new EstablishedAssociation(connection, negotiated, limits);
}

function agreedRole(proposed: Role | undefined, answered: Role | undefined): Role {
  if (proposed === undefined || answered === undefined) return DEFAULT_ROLE;
  return { scu: proposed.scu && answered.scu, scp: proposed.scp && answered.scp };
}

async function answer(connection: Connection, deadline: Deadline, isSecure: boolean): Promise<AssociateAccept> {
  const header = await connection.read(PDU_HEADER_BYTES, deadline).catch((cause: unknown) => {
    const reason = reasonOf(cause) ?? (isSecure && connection.isClosedByPeer ? CLOSED_AFTER_HANDSHAKE : '');
    const problem = `The association request was not answered${reason}.`;
    throw new GatewayError('DICOM_NODE_UNREACHABLE', problem, {}, { cause });
  });
  const [type, length] = [header.readUInt8(), header.readUInt32BE(2)];
  if (type === TLS_ALERT && header.readUInt8(1) === TLS_MAJOR_VERSION) {
    const problem = 'The node speaks TLS: its entry needs "tls": true.';
    throw new GatewayError('DICOM_NODE_UNREACHABLE', problem);
  }
  if (type === PDU.ASSOCIATE_AC && length <= MAXIMUM_ASSOCIATE_BYTES) {
    return decodeAssociateAccept(await connection.read(length, deadline));
  }
  if ((type !== PDU.ASSOCIATE_RJ && type !== PDU.ABORT) || length !== SHORT_PDU_BYTES) {
    throw new MalformedPdu('UNEXPECTED_PDU', 'The association request was not answered by an answer.');
  }
  const content = await connection.read(SHORT_PDU_BYTES, deadline);
  endConnection(connection, undefined);
  if (type === PDU.ABORT) {
    throw new GatewayError('DICOM_NODE_FAILED', `The association request was aborted ${describeAbort(content)}.`);
  }
  const rejection = decodeReject(content);
  // A transient rejection (PS3.8 table 9-21) may pass: the node is at its limit of associations.
  throw new GatewayError(
    rejection.result === TRANSIENT ? 'DICOM_NODE_FAILED' : 'DICOM_ASSOCIATION_REJECTED',
    `The association was rejected ${describeRejection(rejection)}.`,
  );
}

/** Ends the connection; returns what the caller is told. */
function refusal(connection: Connection, error: unknown): unknown {
  const isBroken = error instanceof MalformedPdu;
  abortConnection(connection, isBroken ? error.reason : 'NOT_SPECIFIED');
  return isBroken ? new GatewayError('DICOM_NODE_FAILED', `The node broke the protocol: ${error.message}`) : error;
}
