/**
 * A lock that one process of all holds at a time, for work that must not be done twice at once. PostgreSQL gives it up by itself
 * when the connection that holds it ends, so a process that dies leaves nothing behind.
 */
import pg from 'pg';

/** The lock, as long as it is held. */
export interface ExclusiveHold extends AsyncDisposable {
  /** Aborts when the lock is lost with its connection; another process may have it from then on. */
  readonly lost: AbortSignal;
}

/**
 * Takes the lock if nobody has it; does not wait.
 *
 * @param url - a session-pinned connection: a transaction pooler would lose the lock
 * @param name - what is held
 * @returns undefined while another process holds it
 */
export async function tryHold(url: string, name: string): Promise<ExclusiveHold | undefined> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `cxr-gateway ${name}`,
    keepAlive: true,
    connectionTimeoutMillis: 5000,
  });
  const lost = new AbortController();
  // Without a handler a lost connection would end the process; 'end' follows.
  client.on('error', () => {});
  client.once('end', () => lost.abort());
  try {
    await client.connect();
    const { rows } = await client.query<{ held: boolean }>(
      `SELECT pg_try_advisory_lock(hashtextextended('cxr-gateway ' || $1, 0)) AS held`,
      [name],
    );
    if (rows[0]?.held === true) return { lost: lost.signal, [Symbol.asyncDispose]: () => client.end() };
  } catch (error) {
    await client.end().catch(() => {}); // the first error says more
    throw error;
  }
  await client.end();
  return undefined;
}
