/** Records what HTTP doors and views refuse to callers who are known. GraphQL records its own. */
import type { FastifyInstance } from 'fastify';
import { actorOf } from '../access/caller.ts';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { callerOf } from './authentication.ts';
import { routeOf } from './error-answer.ts';

/** What a route demands of a parameter, in parentheses behind its name. */
const PATTERN = /\([^)]*\)/g;

/** Adds the hook. A refusal that cannot be recorded is answered all the same: it shows nothing. */
export function auditDenials(app: FastifyInstance, { audit }: Pick<Store, 'audit'>, log: Log): void {
  app.addHook('onError', async (request, _reply, error: unknown) => {
    if (!(error instanceof GatewayError) || error.code !== 'FORBIDDEN') return;
    const action = request.method === 'GET' ? 'READ' : 'EXECUTE';
    try {
      const actor = actorOf(callerOf(request), `${request.method} ${routeOf(request).replace(PATTERN, '')}`);
      await audit.record(actor, [{ action, outcome: 'DENIED', errorCode: error.code }]);
    } catch (failure) {
      log.warn('audit.denial-unrecorded', {
        requestId: request.id,
        reason: failure instanceof GatewayError ? failure.code : 'INTERNAL',
      });
    }
  });
}
