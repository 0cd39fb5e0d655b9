/** The Prisma client and what a transaction of it is. */
import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { Prisma, PrismaClient } from './generated/client.ts';

/** A Prisma client, or one of its interactive transactions. */
export type Transaction = Prisma.TransactionClient;

/** How to connect. */
export interface ClientOptions {
  /** postgresql:// URL. */
  readonly url: string;
  /** Most connections. */
  readonly poolSize: number;
  /** Called with the text of every SQL statement; for tests and benches that count them. */
  readonly onStatement?: (sql: string) => void;
}

/**
 * Connects lazily. Statements are prepared and cached a connection by the hash of their text: planning is then paid
 * once, which matters for the short statements of ingest.
 */
export function createClient(options: ClientOptions): PrismaClient {
  const adapter = new PrismaPg(
    {
      connectionString: options.url,
      max: options.poolSize,
      application_name: 'cxr-gateway',
      connectionTimeoutMillis: 5000,
      // The adapter drops the offset of a timestamptz, so the session must speak UTC whatever the server's zone.
      options: '-c TimeZone=UTC',
      // A peer that stops in the middle of a transaction must not hold its locks for ever.
      idle_in_transaction_session_timeout: 60_000,
    },
    { statementNameGenerator: ({ sql }) => createHash('sha1').update(sql).digest('base64url') },
  );
  const { onStatement } = options;
  if (onStatement === undefined) return new PrismaClient({ adapter, transactionOptions: TRANSACTION_LIMITS });
  const client = new PrismaClient({
    adapter,
    transactionOptions: TRANSACTION_LIMITS,
    log: [{ emit: 'event', level: 'query' }],
  });
  client.$on('query', (event) => onStatement(event.query));
  return client as PrismaClient;
}

/** Milliseconds to wait for a connection, and to finish. */
const TRANSACTION_LIMITS = { maxWait: 10_000, timeout: 30_000 };

export { Prisma, PrismaClient };
