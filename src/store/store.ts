/** Everything that reads or writes the database, opened and closed as one. */
import { opening } from '../disposables.ts';
import type { Log } from '../log.ts';
import { ApiKeyStore } from './api-keys.ts';
import { AuditExportStore } from './audit/audit-exports.ts';
import { AuditLog } from './audit/audit-log.ts';
import { type BreakGlassLimits, BreakGlassStore } from './break-glass.ts';
import { ChangeLog } from './change-log.ts';
import { createClient, type PrismaClient } from './client.ts';
import { DicomTransferStore } from './dicom-transfers.ts';
import { DriftAlertStore } from './drift-alerts.ts';
import { IdentityRevocationStore } from './identity-revocations.ts';
import { InferenceStore } from './inferences.ts';
import { InstanceStore } from './instances.ts';
import { Listener } from './listener.ts';
import { migrate } from './migrate.ts';
import { ModelVersionStore } from './model-versions.ts';
import { InferenceQueue } from './queue.ts';
import type { AccessScope, Reader } from './reads/scope.ts';
import { RereadJobStore } from './reread-jobs.ts';
import { ReviewStore } from './reviews.ts';
import { StorageCommitmentStore } from './storage-commitments.ts';
import type { Approvals } from './transition-requests.ts';

/** How to open the store. */
export interface StoreOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly maxAttempts: number;
  readonly retryDelaySeconds: number;
  readonly log: Log;
  /** An hour each, 10 at once, when absent. */
  readonly breakGlass?: BreakGlassLimits;
  /** One when absent. */
  readonly approvals?: Approvals;
  /** Called with every SQL statement of the records; for tests and benches. */
  readonly onStatement?: (sql: string) => void;
  /** false records no reads; for benches. */
  readonly audit?: boolean;
}

/** The open store. */
export interface Store extends AsyncDisposable {
  /** For the reads of this folder; writes go through the stores below. */
  readonly prisma: PrismaClient;
  readonly queue: InferenceQueue;
  readonly listener: Listener;
  readonly changes: ChangeLog;
  readonly instances: InstanceStore;
  readonly inferences: InferenceStore;
  readonly modelVersions: ModelVersionStore;
  readonly dicomTransfers: DicomTransferStore;
  readonly storageCommitments: StorageCommitmentStore;
  readonly apiKeys: ApiKeyStore;
  readonly identityRevocations: IdentityRevocationStore;
  readonly audit: AuditLog;
  readonly auditExports: AuditExportStore;
  readonly breakGlass: BreakGlassStore;
  readonly reviews: ReviewStore;
  readonly driftAlerts: DriftAlertStore;
  readonly rereadJobs: RereadJobStore;
  /** The way into the reads: what it gives sees no more than the scope. */
  reads(scope: AccessScope): Reader;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
}

/** Migrates the database and opens connections; closes what was opened when a later step fails. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const applied = await migrate(options.url);
  if (applied.length > 0) options.log.info('store.migrated', { count: applied.length });
  return opening(async (opened) => {
    const prisma = createClient(options);
    opened.defer(() => prisma.$disconnect());
    const queue = opened.use(await InferenceQueue.open(options));
    const listener = opened.use(new Listener(options.url, options.log));
    await listener.open();
    const { url, log } = options;
    const audit = opened.use(new AuditLog({ url, listener, log, enabled: options.audit ?? true }));
    audit.open();
    return {
      prisma,
      queue,
      listener,
      changes: new ChangeLog(prisma),
      instances: new InstanceStore(prisma, queue),
      inferences: new InferenceStore(prisma, queue),
      modelVersions: new ModelVersionStore(prisma, options.approvals),
      dicomTransfers: new DicomTransferStore(prisma),
      storageCommitments: new StorageCommitmentStore(prisma),
      apiKeys: new ApiKeyStore(prisma),
      identityRevocations: new IdentityRevocationStore(prisma),
      audit,
      auditExports: new AuditExportStore(prisma, url),
      breakGlass: new BreakGlassStore(prisma, options.breakGlass ?? { minutes: 60, maxLive: 10 }),
      reviews: new ReviewStore(prisma),
      driftAlerts: new DriftAlertStore(prisma),
      rereadJobs: new RereadJobStore(prisma, queue),
      reads: (scope) => ({ prisma, scope }),
      ping: async () => {
        await prisma.$queryRaw`SELECT 1`;
      },
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  });
}
