/** Records what HTTP doors and views refuse, to callers who are known and to those who are not. GraphQL records its own. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { actorOf } from '../access/caller.ts';
import type { RefusedCredentials } from '../access/refused-credentials.ts';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { callerOf } from './authentication.ts';
import { addressOf } from './client-address.ts';
import { routeOf } from './error-answer.ts';

/** What a route demands of a parameter, in parentheses behind its name. */
const PATTERN = /\([^)]*\)/g;

const READING = ['GET', 'HEAD'];

/** Adds the hook. A refusal that cannot be recorded is answered all the same: it shows nothing. */
export function auditDenials(
  app: FastifyInstance,
  { audit }: Pick<Store, 'audit'>,
  refused: RefusedCredentials,
  log: Log,
): void {
  app.addHook('onError', async (request, _reply, error: unknown) => {
    if (!(error instanceof GatewayError)) return;
    const { id: requestId } = request;
    if (error.code === 'UNAUTHENTICATED') {
      const problem = error.details.credential ?? 'INVALID';
      refused.note({ address: addressOf(request), requestId, operation: operationOf(request), problem });
    }
    if (error.code !== 'FORBIDDEN') return;
    const action = READING.includes(request.method) ? 'READ' : 'EXECUTE';
    try {
      const actor = actorOf(callerOf(request), operationOf(request));
      await audit.record(actor, [{ action, outcome: 'DENIED', errorCode: error.code }]);
    } catch (failure) {
      const reason = failure instanceof GatewayError ? failure.code : 'INTERNAL';
      log.warn('audit.denial-unrecorded', { requestId, reason });
    }
  });
}

function operationOf(request: FastifyRequest): string {
  return `${request.method} ${routeOf(request).replace(PATTERN, '')}`;
}
