/**
 * The audit record of a change, written in the transaction of the change: both are there or neither. It waits for no lock of
 * the chain. It gets its position and hash right after the commit (audit-log.ts).
 */
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
    WITH appended AS (
      INSERT INTO "AuditRecord" (${NAMES})
      SELECT ${NAMES} FROM jsonb_to_recordset(${JSON.stringify(auditRows(actor, entries, new Date()))}::jsonb) AS record (${TYPES})
    )
    SELECT 1 AS woken FROM pg_notify(${CHANNELS.audit}, '')`;
}
