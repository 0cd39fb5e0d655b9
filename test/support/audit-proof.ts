/** That an audit has everything that clients were told, and every change, and nothing that did not happen. */
import { expect } from 'vitest';
import { verifyAudit } from '../../src/store/audit/verify/verify-audit.ts';
import type { PrismaClient } from '../../src/store/client.ts';
import type { AuditRecord } from '../../src/store/generated/client.ts';
import type { Told } from './audited-clients.ts';

/** How often each occurs. */
function counted(items: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

const detailsOf = ({ details }: AuditRecord): Record<string, unknown> => JSON.parse(details ?? '{}');

/** Every row has its place, and the chain fits. */
async function sealedChain(prisma: PrismaClient, url: string): Promise<readonly AuditRecord[]> {
  await expect
    .poll(() => prisma.auditRecord.count({ where: { position: null } }), { timeout: 20_000, interval: 100 })
    .toBe(0);
  expect((await verifyAudit({ url })).findings).toEqual([]);
  return prisma.auditRecord.findMany({ orderBy: { position: 'asc' } });
}

/** @param url - of the database */
export async function expectAudited(prisma: PrismaClient, url: string, told: Told): Promise<void> {
  const records = await sealedChain(prisma, url);
  await expectAnswersRecorded(prisma, records, told);
  expectEventsRecorded(records, told);
  await expectChangesRecorded(prisma, records);
  await expectNothingLost(prisma, told);
}

async function expectAnswersRecorded(
  prisma: PrismaClient,
  records: readonly AuditRecord[],
  { answers }: Told,
): Promise<void> {
  const instances = await prisma.instance.findMany({ select: { id: true, sopInstanceUid: true } });
  const instanceIds = new Map(instances.map(({ id, sopInstanceUid }) => [sopInstanceUid, id]));
  const byRequest = Map.groupBy(records, ({ requestId }) => requestId);
  for (const { requestId, patientIds, findingIds, instanceUid } of answers) {
    const own = byRequest.get(requestId) ?? [];
    const missing = (ids: readonly string[], recorded: readonly (string | null)[]) => {
      const known = new Set(recorded);
      return ids.filter((id) => !known.has(id));
    };
    const instanceId = instanceUid === undefined ? [] : [instanceIds.get(instanceUid) ?? 'unknown'];
    expect([
      ...missing(
        patientIds,
        own.map(({ patientId }) => patientId),
      ),
      ...missing(
        findingIds,
        own.flatMap((record) => record.findingIds),
      ),
      ...missing(
        instanceId,
        own.flatMap((record) => record.instanceIds),
      ),
    ]).toEqual([]);
  }
}

function expectEventsRecorded(records: readonly AuditRecord[], { events }: Told): void {
  const recorded = counted(
    records
      .filter(({ operation }) => operation === 'subscription findingsCompleted')
      .flatMap(({ inferenceIds }) => inferenceIds),
  );
  for (const [id, count] of counted(events)) expect(recorded.get(id) ?? 0).toBeGreaterThanOrEqual(count);
}

/** As many records as changes, thing by thing. */
async function expectChangesRecorded(prisma: PrismaClient, records: readonly AuditRecord[]): Promise<void> {
  const successes = records.filter(({ outcome }) => outcome === 'SUCCESS');
  const instances = await prisma.instance.findMany({ select: { id: true } });
  const created = successes.filter(
    ({ action, operation }) => action === 'CREATE' && operation.startsWith('POST /dicomweb'),
  );
  expect(counted(created.flatMap(({ instanceIds }) => instanceIds))).toEqual(counted(instances.map(({ id }) => id)));

  const readings = await prisma.inference.findMany({ where: { state: 'DONE' }, select: { id: true } });
  const read = successes.filter(({ action, operation }) => action === 'CREATE' && operation === 'pipeline');
  expect(counted(read.flatMap(({ inferenceIds }) => inferenceIds))).toEqual(counted(readings.map(({ id }) => id)));

  const keys = await prisma.apiKey.findMany({ select: { id: true } });
  const made = successes.filter((record) => detailsOf(record).change === 'created');
  expect(counted(made.map((record) => String(detailsOf(record).apiKey)))).toEqual(counted(keys.map(({ id }) => id)));

  const openings = await prisma.breakGlass.findMany({ select: { id: true, endedAt: true } });
  const ofOpenings = (action: string) =>
    counted(
      successes
        .filter((record) => record.action === action && record.operation.endsWith('BreakGlass'))
        .flatMap(({ breakGlassId }) => breakGlassId ?? []),
    );
  expect(ofOpenings('CREATE')).toEqual(counted(openings.map(({ id }) => id)));
  expect(ofOpenings('UPDATE')).toEqual(counted(openings.flatMap(({ id, endedAt }) => (endedAt === null ? [] : id))));

  const moves = await prisma.modelTransition.findMany();
  const moved = successes.filter((record) => detailsOf(record).toState !== undefined);
  expect(counted(moved.map((record) => `${record.modelVersionIds[0]} ${detailsOf(record).toState}`))).toEqual(
    counted(moves.map(({ modelVersionId, toState }) => `${modelVersionId} ${toState}`)),
  );
}

async function expectNothingLost(prisma: PrismaClient, told: Told): Promise<void> {
  const { apiKeys, openings, ended, films } = told;
  expect(await prisma.apiKey.count({ where: { id: { in: apiKeys } } })).toBe(apiKeys.length);
  expect(await prisma.breakGlass.count({ where: { id: { in: openings } } })).toBe(openings.length);
  expect(await prisma.breakGlass.count({ where: { id: { in: ended }, endedAt: { not: null } } })).toBe(ended.length);
  const uids = films.map(({ sopInstanceUid }) => sopInstanceUid);
  expect(await prisma.instance.count({ where: { sopInstanceUid: { in: uids } } })).toBe(uids.length);
}
