/** Revocations of identities that are proved by tokens, which nobody can take back but the gateway can refuse. */
import { appendAudit } from './audit/append.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import type { PrismaClient } from './client.ts';
import { CHANNELS } from './listener.ts';

/** Reads and writes of revocations. */
export class IdentityRevocationStore {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** Refuses the subject's tokens that were issued up to now. */
  async revoke(subject: string, reason: string, by: AuditActor): Promise<{ readonly revokedAt: Date }> {
    return this.#prisma.$transaction(async (tx) => {
      const data = { subject, reason, revokedBy: by.subject };
      const { revokedAt } = await tx.identityRevocation.create({ data, select: { revokedAt: true } });
      await appendAudit(tx, by, [{ action: 'UPDATE', details: { revokedSubject: subject, reason } }]);
      await tx.$executeRaw`SELECT pg_notify(${CHANNELS.identities}, '')`;
      return { revokedAt };
    });
  }

  /** The latest revocation of each subject that has one. */
  async latest(subjects: readonly string[]): Promise<ReadonlyMap<string, Date>> {
    if (subjects.length === 0) return new Map();
    const rows = await this.#prisma.identityRevocation.groupBy({
      by: ['subject'],
      where: { subject: { in: [...subjects] } },
      _max: { revokedAt: true },
    });
    return new Map(
      rows.flatMap(({ subject, _max: { revokedAt } }) => (revokedAt === null ? [] : [[subject, revokedAt]])),
    );
  }
}
