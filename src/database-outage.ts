/**
 * Whether an error says that the database cannot be reached, broke off, or is over its limits. The server, its driver (pg) and
 * Prisma each say so in their own way, and Prisma wraps the others: the same outage comes as P1001, as P2010 or P2039 around
 * 57P03, or as an Error that has nothing but its message.
 */

/** SQLSTATEs (PostgreSQL appendix A), codes of Prisma and of Node's sockets. */
const CODES = new Set([
  'P1001', // cannot be reached
  'P1002', // reached, but timed out
  'P1008', // an operation timed out
  'P1017', // the server closed the connection
  'P2024', // no connection of the pool became free
  'P2028', // a transaction found no connection, was too slow, or lost its connection
  'P2037', // too many connections
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  '08000', // connection exception
  '08003', // connection does not exist
  '08006', // connection failure
  '25P03', // idle in a transaction for too long
  '53300', // too many connections
  '57P01', // admin shutdown
  '57P02', // crash shutdown
  '57P03', // cannot connect now: starting, recovering or stopping
]);

/** What Prisma's adapter calls the same. */
const KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);

/** The driver has no code for a connection that ends without a word. */
const MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error)/;

/** Looks at the error and at what Prisma or its adapter have wrapped in it. */
export function isDatabaseOutage(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, originalCode, kind } = error as Readonly<Record<string, unknown>>;
  return (
    CODES.has(code as string) ||
    CODES.has(originalCode as string) ||
    KINDS.has(kind as string) ||
    (error instanceof Error && MESSAGES.test(error.message)) ||
    isDatabaseOutage(wrapped(error))
  );
}

/** Prisma's errors have the adapter's in `meta`, those have the server's as `cause`. Causes of other errors are their own affair. */
function wrapped(error: object): unknown {
  const { name, cause, meta } = error as {
    readonly name?: unknown;
    readonly cause?: unknown;
    readonly meta?: { readonly driverAdapterError?: unknown };
  };
  return name === 'DriverAdapterError' ? cause : meta?.driverAdapterError;
}
