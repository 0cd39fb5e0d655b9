/** Everything that reads or writes the database, opened and closed as one. */
import { opening } from '../disposables.ts';
import type { Log } from '../log.ts';
import { ChangeLog } from './change-log.ts';
import { createClient, type PrismaClient } from './client.ts';
import { DicomTransferStore } from './dicom-transfers.ts';
import { InferenceStore } from './inferences.ts';
import { InstanceStore } from './instances.ts';
import { Listener } from './listener.ts';
import { migrate } from './migrate.ts';
import { ModelVersionStore } from './model-versions.ts';
import { InferenceQueue } from './queue.ts';
import { StorageCommitmentStore } from './storage-commitments.ts';

/** How to open the store. */
export interface StoreOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly maxAttempts: number;
  readonly retryDelaySeconds: number;
  readonly log: Log;
  /** Called with every SQL statement of the records; for tests and benches. */
  readonly onStatement?: (sql: string) => void;
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
    return {
      prisma,
      queue,
      listener,
      changes: new ChangeLog(prisma),
      instances: new InstanceStore(prisma, queue),
      inferences: new InferenceStore(prisma, queue),
      modelVersions: new ModelVersionStore(prisma),
      dicomTransfers: new DicomTransferStore(prisma),
      storageCommitments: new StorageCommitmentStore(prisma),
      ping: async () => {
        await prisma.$queryRaw`SELECT 1`;
      },
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  });
}
