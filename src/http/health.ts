/** For whoever watches over the process: GET /healthz, /readyz and /metrics. */
import type { FastifyInstance } from 'fastify';
import { codedError } from './error-answer.ts';

/** One thing that the gateway needs in order to work. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What is found, or what to do. */
  readonly detail: string;
}

/** What is asked. */
export interface HealthSources {
  readiness(): Promise<readonly ReadinessCheck[]>;
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  /** Whether the process is shutting down. */
  draining(): boolean;
}

/** Probes usually wait for longer, and an answer that says what hangs is worth more than none. */
const READINESS_TIMEOUT_MS = 3000;

/**
 * Adds the routes. /healthz says that the process runs and answers; restarting it for anything else would help nothing.
 * /readyz is 200 when every check holds and the process is not shutting down, else 503: send no work here.
 */
export function addHealth(app: FastifyInstance, sources: HealthSources): void {
  app.get('/healthz', async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'alive' }));
  app.get('/readyz', async (_request, reply) => {
    const checks = [...(await readinessInTime(sources)), accepting(sources.draining())];
    const ready = checks.every(({ ok }) => ok);
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: ready ? 'ready' : 'not ready', checks });
  });
  app.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await sources.metrics();
    return reply.header('cache-control', 'no-store').type(contentType).send(body);
  });
}

function accepting(draining: boolean): ReadinessCheck {
  return { name: 'http', ok: !draining, detail: draining ? 'The process is shutting down.' : 'Requests are accepted.' };
}

async function readinessInTime(sources: HealthSources): Promise<readonly ReadinessCheck[]> {
  const { promise: late, resolve } = Promise.withResolvers<readonly ReadinessCheck[]>();
  const timer = setTimeout(
    () =>
      resolve([{ name: 'readiness', ok: false, detail: `The checks took longer than ${READINESS_TIMEOUT_MS} ms.` }]),
    READINESS_TIMEOUT_MS,
  );
  try {
    return await Promise.race([sources.readiness(), late]);
  } catch (error) {
    return [{ name: 'readiness', ok: false, detail: codedError(error).message }];
  } finally {
    clearTimeout(timer);
  }
}
