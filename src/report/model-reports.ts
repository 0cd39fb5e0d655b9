/** Makes audit reports, a few at once, and records each before it is given out. */
import { actorOf, type Caller } from '../access/caller.ts';
import { scopeOf } from '../access/scope-of.ts';
import { Capacity } from '../capacity.ts';
import { GatewayError } from '../errors.ts';
import { toGlobalId } from '../schema/global-id.ts';
import { MOST_DAYS } from '../store/reads/drift.ts';
import type { Store } from '../store/store.ts';
import { reportDocument } from './document.ts';
import { day } from './format.ts';
import { gatherReport, type ReportSources } from './gather.ts';
import type { Making, ReportPeriod } from './report-data.ts';

/** What reports are made from. */
export interface ModelReportsOptions {
  readonly store: Pick<Store, 'reads' | 'audit' | 'driftAlerts'>;
  /** By which rule alerts of drift are raised. */
  readonly drift: ReportSources['drift'];
}

/** A report that can be made. */
export interface ReportPlan {
  /** UUID. */
  readonly modelVersionId: string;
  readonly period: ReportPeriod;
  /** The time of the report. */
  readonly createdAt: Date;
  /** Address of the report over this period, relative to the gateway's own. */
  readonly url: string;
}

/** A report. */
export interface MadeReport {
  /** A whole document of HTML. */
  readonly html: string;
  /** For who keeps it. */
  readonly fileName: string;
}

/** Reports under way at once, of a process: each reads as much as several large queries. */
export const MAXIMUM_REPORTS_AT_ONCE = 2;

const RETRY_AFTER_SECONDS = 10;

const DAY_MS = 86_400_000;

/** Makes reports. */
export class ModelReports {
  readonly #options: ModelReportsOptions;
  readonly #underWay = new Capacity(MAXIMUM_REPORTS_AT_ONCE, 'Too many reports are being made.', RETRY_AFTER_SECONDS);

  constructor(options: ModelReportsOptions) {
    this.#options = options;
  }

  /**
   * Fixes time and period of a report.
   *
   * @param since - absent: as long before the end as a report can be
   * @param until - absent: now
   * @throws GatewayError BAD_REQUEST for a period that is none, or too long
   */
  plan(modelVersionId: string, since?: Date | null, until?: Date | null): ReportPlan {
    const createdAt = new Date();
    const end = until ?? createdAt;
    const from = since ?? new Date((Math.floor((end.getTime() - 1) / DAY_MS) - MOST_DAYS + 1) * DAY_MS);
    if (!(from < end)) throw new GatewayError('BAD_REQUEST', 'A period begins before it ends.');
    if (end.getTime() - Math.floor(from.getTime() / DAY_MS) * DAY_MS > MOST_DAYS * DAY_MS) {
      throw new GatewayError('BAD_REQUEST', `A report is over ${MOST_DAYS} days at most.`);
    }
    const query = new URLSearchParams({ since: from.toISOString(), until: end.toISOString() });
    const url = `/model-versions/${toGlobalId('ModelVersion', modelVersionId)}/report.html?${query}`;
    return { modelVersionId, period: { from, until: end }, createdAt, url };
  }

  /**
   * Makes a report of what the caller may see; recorded when it resolves.
   *
   * @param operation - what was called, for the audit
   * @throws GatewayError NOT_FOUND, BUSY, AUDIT_UNAVAILABLE
   */
  make(caller: Caller, plan: ReportPlan, operation: string): Promise<MadeReport> {
    return this.#underWay.hold(() => this.#make(caller, plan, operation));
  }

  async #make(caller: Caller, plan: ReportPlan, operation: string): Promise<MadeReport> {
    const { store, drift } = this.#options;
    const { modelVersionId, period } = plan;
    const reader = store.reads(scopeOf(caller.identity));
    const sources = { reader, driftAlerts: store.driftAlerts, drift };
    const data = await gatherReport(sources, modelVersionId, makingOf(caller, plan));
    const html = reportDocument(data);
    await store.audit.record(actorOf(caller, operation), [
      {
        action: 'READ',
        modelVersionIds: [modelVersionId],
        details: { auditReport: true, since: period.from.toISOString(), until: period.until.toISOString() },
      },
    ]);
    const { name, version } = data.version;
    return { html, fileName: `${name}-${version}-audit-report-${day(plan.createdAt)}.html`.replace(/[^\w.-]+/g, '_') };
  }
}

function makingOf({ identity, requestId }: Caller, { createdAt, period }: ReportPlan): Omit<Making, 'gatewayVersion'> {
  const { displayName, subject, issuers, studies } = identity;
  return {
    at: createdAt,
    by: displayName === null ? subject : `${displayName} (${subject})`,
    requestId,
    period,
    restriction: { issuers, studies: studies.length },
  };
}
