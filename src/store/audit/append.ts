/**
 * The audit record of a change, written in the transaction of the change: both are there or neither. It waits for no lock of
 * the chain. It gets its position and hash right after the commit (audit-log.ts).
 */
import { insertChanges, type NewChange } from '../change-log.ts';
import { Prisma, type Transaction } from '../client.ts';
import { CHANNELS } from '../listener.ts';
import type { AuditActor, AuditEntry } from './audit-entry.ts';
import { auditRows, CONTENT_COLUMNS } from './audit-row.ts';

const NAMES = Prisma.raw(CONTENT_COLUMNS.map(([name]) => `"${name}"`).join(', '));
const TYPES = Prisma.raw(CONTENT_COLUMNS.map(([name, type]) => `"${name}" ${type}`).join(', '));

/**
 * Appends records within the caller's transaction. One statement: every step of a film's way pays for it.
 *
 * @throws GatewayError INTERNAL for an id that is no UUID
 */
export async function appendAudit(tx: Transaction, actor: AuditActor, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await tx.$queryRaw`
    WITH appended AS (${insertAudit(actor, entries)})
    SELECT 1 AS woken FROM pg_notify(${CHANNELS.audit}, '')`;
}

/**
 * Appends changes to the feed and their records to the audit. In one statement: with two of them the record took 0.59 ms of
 * processor time of a film's storing, with one 0.15 ms.
 *
 * @throws GatewayError INTERNAL for an id that is no UUID
 */
export async function appendAuditedChanges(
  tx: Transaction,
  changes: readonly NewChange[],
  actor: AuditActor,
  entries: readonly AuditEntry[],
): Promise<void> {
  await tx.$queryRaw`
    WITH changed AS (${insertChanges(changes)}), appended AS (${insertAudit(actor, entries)})
    SELECT 1 AS woken FROM pg_notify(${CHANNELS.changes}, '') AS feed, pg_notify(${CHANNELS.audit}, '') AS audit`;
}

function insertAudit(actor: AuditActor, entries: readonly AuditEntry[]): Prisma.Sql {
  return Prisma.sql`
      INSERT INTO "AuditRecord" (${NAMES})
      SELECT ${NAMES} FROM jsonb_to_recordset(${JSON.stringify(auditRows(actor, entries, new Date()))}::jsonb) AS record (${TYPES})`;
}
