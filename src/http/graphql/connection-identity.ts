/**
 * Who is at the other end of a WebSocket, from its first message to its last. Close codes: 4401 for a credential that is
 * missing or not valid and for one that expires meanwhile, 4403 for one that is revoked meanwhile (both of the protocol
 * graphql-transport-ws), 1013 when it cannot be told now.
 */
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { Caller } from '../../access/caller.ts';
import type { IdentityEnd } from '../../access/identity-watch.ts';
import { purposeOf } from '../../access/purpose-of-use.ts';
import { GatewayError, toGatewayError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { type Authentication, bearerCredential, credentialIn, PURPOSE_HEADER } from '../authentication.ts';

/** An open WebSocket. */
export interface LiveConnection {
  readonly connectionId: string;
  readonly socket: WebSocket;
  /** The request that became it. */
  readonly request: IncomingMessage;
  /** Where it comes from, behind our proxies. */
  readonly address: string | null;
  /** To be called once it has proved itself. */
  readonly proved: () => void;
  /** Set by connection_init. */
  caller: Caller | undefined;
}

const BAD_REQUEST = 4400;
const UNAUTHORIZED = 4401;
const FORBIDDEN = 4403;
const TOO_MANY = 4429;
const TRY_AGAIN_LATER = 1013;

const ENDS: Readonly<Record<IdentityEnd, readonly [code: number, reason: string]>> = {
  EXPIRED: [UNAUTHORIZED, 'Expired'],
  REVOKED: [FORBIDDEN, 'Revoked'],
};

/**
 * Lets a connection in, or closes it. It is closed again at the moment at which its identity ends.
 *
 * @param params - payload of connection_init: `authorization` and `purpose` count before the headers of the upgrade
 * @param admit - what else may refuse it; throws, or returns what to call when the connection is closed
 * @param refused - told why it is not let in
 * @returns whether it was let in
 */
export async function authenticateConnection(
  connection: LiveConnection,
  params: Readonly<Record<string, unknown>> | undefined,
  { authenticator, watch }: Authentication,
  admit: (caller: Caller) => () => void,
  refused: (error: GatewayError) => void,
): Promise<boolean> {
  const { socket, request, connectionId } = connection;
  try {
    const identity = await authenticator.authenticate(credentialOf(params, request));
    const purpose = purposeOf(params?.purpose ?? request.headers[PURPOSE_HEADER], identity);
    if (socket.readyState !== socket.OPEN) return false;
    const caller: Caller = {
      identity,
      sourceAddress: connection.address,
      requestId: connectionId,
      purpose,
    };
    socket.once('close', admit(caller));
    socket.once(
      'close',
      watch.onEnd(identity, (why) => socket.close(...ENDS[why])),
    );
    connection.caller = caller;
    return true;
  } catch (error) {
    const coded = toGatewayError(error);
    refused(coded);
    socket.close(...refusalOf(coded));
    return false;
  }
}

/**
 * To be asked before anything is shown. Closes the connection when its identity has ended, so that nothing is sent on it.
 *
 * @returns the caller; undefined when nothing may be shown
 */
export async function confirmedCaller(
  { caller, socket }: LiveConnection,
  { watch }: Authentication,
  log: Log,
): Promise<Caller | undefined> {
  if (caller === undefined) return undefined;
  try {
    const state = await watch.confirm(caller.identity);
    if (state === 'VALID') return caller;
    socket.close(...ENDS[state]);
  } catch (error) {
    log.warn('websocket.identity-not-confirmed', { code: toGatewayError(error).code });
    socket.close(TRY_AGAIN_LATER, 'Try again later');
  }
  return undefined;
}

/** @throws GatewayError UNAUTHENTICATED, BAD_REQUEST */
function credentialOf(
  params: Readonly<Record<string, unknown>> | undefined,
  { headers }: IncomingMessage,
): string | undefined {
  const given = params?.authorization ?? params?.Authorization;
  if (given === undefined || given === null) return credentialIn(headers);
  if (typeof given !== 'string') throw new GatewayError('BAD_REQUEST', 'authorization must be a text.');
  return given.includes(' ') ? bearerCredential(given) : given;
}

function refusalOf({ code }: GatewayError): readonly [code: number, reason: string] {
  switch (code) {
    case 'UNAUTHENTICATED':
      return [UNAUTHORIZED, 'Unauthorized'];
    case 'BAD_REQUEST':
      return [BAD_REQUEST, 'Bad connection_init'];
    case 'RATE_LIMITED':
      return [TOO_MANY, 'Too many connections'];
    default:
      return [TRY_AGAIN_LATER, 'Try again later'];
  }
}
