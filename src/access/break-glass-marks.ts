/** Marks what was seen by way of a break-glass opening. */
import type { AuditEntry } from '../store/audit/audit-entry.ts';
import { patientsOfIssuers, studyIdsOf } from '../store/audit/disclosed-records.ts';
import { openingsOf } from '../store/break-glass.ts';
import type { PrismaClient } from '../store/client.ts';
import type { Identity } from './identity.ts';

/**
 * The entries, those with the opening of their patient that the identity's grants would not have allowed. One statement for an
 * identity that is not granted every issuer, more only when it has opened a record.
 */
export async function markBreakGlass(
  prisma: Pick<PrismaClient, '$queryRaw'>,
  { subject, issuers, studies }: Identity,
  entries: readonly AuditEntry[],
): Promise<readonly AuditEntry[]> {
  if (issuers === 'ALL') return entries;
  const patientIds = entries.flatMap(({ patientId }) => patientId ?? []);
  const openings = await openingsOf(prisma, subject, patientIds);
  if (openings.size === 0) return entries;
  const grantedPatients = await patientsOfIssuers(prisma, [...openings.keys()], issuers);
  const grantedStudies = studies.length === 0 ? new Set<string>() : await studyIdsOf(prisma, studies);
  return entries.map((entry) => {
    const breakGlassId = openings.get(entry.patientId ?? '');
    if (breakGlassId === undefined || grantedPatients.has(entry.patientId ?? '')) return entry;
    const { studyIds = [] } = entry;
    if (studyIds.length > 0 && studyIds.every((id) => grantedStudies.has(id))) return entry;
    return { ...entry, breakGlassId };
  });
}
