/** How far the audit has been handed to collectors outside, kept in the database so that it survives restarts and moves. */
import type { PrismaClient } from '../client.ts';
import { type ExclusiveHold, tryHold } from '../exclusive-hold.ts';
import { type AuditRecordFilter, auditHead, auditRecordsAfter } from '../reads/audit-records.ts';
import { type AuditedEvent, withSubjects } from '../reads/audit-subjects.ts';

/** Ways out of the audit. */
export type AuditExportName = 'syslog';

/** Reads and writes of exports. */
export class AuditExportStore {
  readonly #prisma: PrismaClient;
  readonly #url: string;

  constructor(prisma: PrismaClient, url: string) {
    this.#prisma = prisma;
    this.#url = url;
  }

  /** Makes this process the only one that exports; undefined while another is. */
  hold(name: AuditExportName): Promise<ExclusiveHold | undefined> {
    return tryHold(this.#url, `audit export ${name}`);
  }

  /** The last position that the collector has taken; 0 before the first. */
  async position(name: AuditExportName): Promise<bigint> {
    const row = await this.#prisma.auditExport.findUnique({ where: { name } });
    return row?.position ?? 0n;
  }

  /** Everything up to this position has been taken. Never goes back, also when an earlier holder of the lock is late. */
  async confirm(name: AuditExportName, position: bigint): Promise<void> {
    await this.#prisma.$executeRaw`
      INSERT INTO "AuditExport" ("name", "position") VALUES (${name}, ${position})
      ON CONFLICT ("name") DO UPDATE SET "position" = EXCLUDED."position", "updatedAt" = now()
      WHERE "AuditExport"."position" < EXCLUDED."position"`;
  }

  /** Last position of the chain. */
  async end(): Promise<bigint> {
    return (await auditHead({ prisma: this.#prisma })).position;
  }

  /** UUID of the chain. */
  async chain(): Promise<string> {
    return (await auditHead({ prisma: this.#prisma })).chain;
  }

  /** What follows a position, in order, with what it concerns. */
  async after(position: bigint, limit: number, filter: AuditRecordFilter = {}): Promise<readonly AuditedEvent[]> {
    return withSubjects(this.#prisma, await auditRecordsAfter({ prisma: this.#prisma }, position, limit, filter));
  }
}
