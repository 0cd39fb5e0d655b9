/** The records alone, for commands: a client and a migrated database, without queue, feed and listener. */
import { opening } from '../disposables.ts';
import { ApiKeyStore } from './api-keys.ts';
import { createClient, type PrismaClient } from './client.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { migrate } from './migrate.ts';

/** Where the database is. */
export interface RecordsOptions {
  /** Undefined: the embedded PostgreSQL. */
  readonly url: string | undefined;
  /** Folder of the embedded PostgreSQL. */
  readonly embeddedDirectory: string;
}

/** Open records. */
export interface Records extends AsyncDisposable {
  readonly url: string;
  readonly prisma: PrismaClient;
  readonly apiKeys: ApiKeyStore;
}

/** Commands do one thing after another. */
const POOL_SIZE = 2;

/**
 * Opens the database, also the embedded one that a running gateway has started: then it is used and left running.
 *
 * @throws GatewayError CONFIG_INVALID, DATABASE_UNAVAILABLE
 */
export async function openRecords({ url, embeddedDirectory }: RecordsOptions): Promise<Records> {
  return opening(async (opened) => {
    const address = url ?? opened.use(await startEmbeddedPostgres({ directory: embeddedDirectory })).url;
    await migrate(address);
    const prisma = createClient({ url: address, poolSize: POOL_SIZE });
    opened.defer(() => prisma.$disconnect());
    const apiKeys = new ApiKeyStore(prisma);
    return { url: address, prisma, apiKeys, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
  });
}
