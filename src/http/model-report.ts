/** GET /model-versions/{id}/report.html: the audit report of a model version, to read, print and sign. */
import type { FastifyInstance } from 'fastify';
import { requireDoor } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import type { ModelReports } from '../report/model-reports.ts';
import { STYLE_SHA256 } from '../report/style.ts';
import { callerOf } from './authentication.ts';
import { modelVersionIdOf } from './identifiers.ts';
import { pagePolicy } from './security-headers.ts';

const ROUTE = 'GET /model-versions/:id/report.html';

/** RFC 3339: a day, which begins at midnight UTC, or a time with its offset. A plus sign may have become a space. */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+ -]\d\d:\d\d))?$/;

/** Adds the route. */
export function addModelReport(app: FastifyInstance, reports: Pick<ModelReports, 'plan' | 'make'>): void {
  // For HEAD Fastify would make the report and throw it away.
  app.get<{ Params: { id: string }; Querystring: { since?: unknown; until?: unknown } }>(
    '/model-versions/:id/report.html',
    { exposeHeadRoute: false },
    async (request, reply) => {
      const caller = callerOf(request);
      requireDoor(caller, ROUTE);
      const { id } = request.params;
      const { since, until } = request.query;
      const modelVersionId = modelVersionIdOf(id);
      const plan = reports.plan(modelVersionId, timeOf(since, 'since'), timeOf(until, 'until'));
      const { html, fileName } = await reports.make(caller, plan, ROUTE);
      return reply
        .header('content-security-policy', pagePolicy(STYLE_SHA256))
        .header('cache-control', 'private, no-store')
        .header('content-disposition', `inline; filename="${fileName}"`)
        .type('text/html; charset=utf-8')
        .send(html);
    },
  );
}

/** @throws GatewayError BAD_REQUEST */
function timeOf(value: unknown, name: string): Date | null {
  if (value === undefined) return null;
  const time = typeof value === 'string' && TIME.test(value) ? new Date(value.replace(' ', '+')) : undefined;
  if (time === undefined || Number.isNaN(time.getTime())) {
    throw new GatewayError(
      'BAD_REQUEST',
      `${name} must be one day or time, such as 2026-11-24 or 2026-11-24T08:00:00Z.`,
    );
  }
  return time;
}
