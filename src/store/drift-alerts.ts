/** Alerts of drift: one a model version, day and measure, whichever process finds it and how often it looks. */
import { appendAuditedChanges } from './audit/append.ts';
import { systemActor } from './audit/audit-entry.ts';
import type { PrismaClient } from './client.ts';
import type { DriftAlert } from './generated/client.ts';
import type { DriftMeasure } from './reads/drift.ts';

export type DriftAlertRow = DriftAlert;

/** Most alerts of one answer, the newest. */
const MOST_ALERTS = 1000;

const WATCH = systemActor('drift watch');

/** A version that is watched, with its manifest. */
export interface WatchedVersion {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly manifest: unknown;
}

/** Reads and writes of alerts. */
export class DriftAlertStore {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** The versions in clinical use. */
  async watched(): Promise<readonly WatchedVersion[]> {
    return this.#prisma.modelVersion.findMany({
      where: { state: { in: ['ACTIVE', 'CANARY'] } },
      select: { id: true, name: true, version: true, manifest: true },
    });
  }

  /**
   * Records what has drifted; what this day has an alert of already is left as it is. New alerts, one change and the audit
   * record are one transaction, with one time: that is how a change is known to speak of its alerts.
   *
   * @param day - UTC
   * @returns measures of the new alerts
   */
  async record(
    modelVersionId: string,
    day: Date,
    films: number,
    drifted: readonly DriftMeasure[],
  ): Promise<readonly string[]> {
    if (drifted.length === 0) return [];
    return this.#prisma.$transaction(async (tx) => {
      const rows = await tx.$queryRaw<{ readonly measure: string }[]>`
        INSERT INTO "DriftAlert" ("id", "modelVersionId", "day", "measure", "films", "psi", "ksStatistic", "ksPValue")
        SELECT gen_random_uuid(), ${modelVersionId}::uuid, ${day.toISOString().slice(0, 10)}::date, "measure", ${films}::integer,
          "psi", "ksStatistic", "ksPValue"
        FROM jsonb_to_recordset(${JSON.stringify(drifted)}::jsonb) AS found (
          "measure" text, "psi" double precision, "ksStatistic" double precision, "ksPValue" double precision)
        ON CONFLICT ("modelVersionId", "day", "measure") DO NOTHING
        RETURNING "measure"`;
      if (rows.length === 0) return [];
      const measures = rows.map(({ measure }) => measure);
      await appendAuditedChanges(tx, [{ type: 'MODEL_DRIFT_ALERT', modelVersionId }], WATCH, [
        { action: 'CREATE', modelVersionIds: [modelVersionId], details: { driftAlerts: measures, films } },
      ]);
      return measures;
    });
  }

  /** The alerts that a change speaks of. */
  async ofChange(modelVersionId: string, createdAt: Date): Promise<readonly DriftAlertRow[]> {
    return this.#prisma.driftAlert.findMany({ where: { modelVersionId, createdAt }, orderBy: { measure: 'asc' } });
  }

  /** Alerts of days in a period, newest first. */
  async ofVersion(modelVersionId: string, from: Date, until: Date): Promise<readonly DriftAlertRow[]> {
    return this.#prisma.driftAlert.findMany({
      where: { modelVersionId, createdAt: { gte: from, lt: until } },
      orderBy: [{ createdAt: 'desc' }, { measure: 'asc' }],
      take: MOST_ALERTS,
    });
  }
}
