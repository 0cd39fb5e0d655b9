/**
 * Credentials that let nobody in, as the audit records them: the first of an address at once, the others of the same minute as one
 * record with their number. Whoever tries, however often and from however many addresses, causes no more than
 * {@link MOST_ADDRESSES} records and as many again a minute. What was shown is in none of them.
 */
import { BackgroundTasks } from '../background-tasks.ts';
import type { Log } from '../log.ts';
import type { AuditLog } from '../store/audit/audit-log.ts';
import type { CredentialProblem } from './unauthenticated.ts';

/** Somebody who was not let in. */
export interface RefusedCredential {
  /** IP address; null when the connection is gone. */
  readonly address: string | null;
  readonly requestId: string;
  /** What was called, without values: `POST /graphql`. */
  readonly operation: string;
  readonly problem: CredentialProblem;
}

/** The addresses of one minute that have records of their own; the others share one without an address. */
const MOST_ADDRESSES = 200;
const WINDOW_MS = 60_000;
const ELSEWHERE = 'elsewhere';

/** What has come from an address since its first record. */
interface Further {
  readonly address: string | null;
  readonly operation: string;
  readonly problems: Set<CredentialProblem>;
  count: number;
}

/** Records refusals; one a process. */
export class RefusedCredentials {
  readonly #audit: Pick<AuditLog, 'enabled' | 'record'>;
  readonly #log: Log;
  readonly #writes = new BackgroundTasks();
  #further = new Map<string, Further>();
  #timer: NodeJS.Timeout | undefined;

  constructor(audit: Pick<AuditLog, 'enabled' | 'record'>, log: Log) {
    this.#audit = audit;
    this.#log = log;
  }

  /** Counts one; nobody waits for its record. */
  note({ address, requestId, operation, problem }: RefusedCredential): void {
    if (!this.#audit.enabled) return;
    this.#timer ??= setTimeout(() => this.#recordFurther(), WINDOW_MS);
    const own = address ?? ELSEWHERE;
    const key = this.#further.has(own) || this.#further.size < MOST_ADDRESSES ? own : ELSEWHERE;
    const further = this.#further.get(key);
    if (further !== undefined) {
      further.count += 1;
      further.problems.add(problem);
      return;
    }
    const from = key === ELSEWHERE ? null : address;
    this.#further.set(key, { address: from, operation, problems: new Set(), count: 0 });
    this.#record(from, operation, requestId, 1, [problem]);
  }

  #recordFurther(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const ended = this.#further;
    this.#further = new Map();
    for (const { address, operation, problems, count } of ended.values()) {
      if (count > 0) this.#record(address, operation, null, count, [...problems]);
    }
  }

  #record(
    sourceAddress: string | null,
    operation: string,
    requestId: string | null,
    count: number,
    credentials: readonly CredentialProblem[],
  ): void {
    const actor = { subject: 'anonymous', kind: 'ANONYMOUS', displayName: null, roles: [] } as const;
    const refusal = { action: 'EXECUTE', outcome: 'DENIED', errorCode: 'UNAUTHENTICATED' } as const;
    const who = { ...actor, sourceAddress, requestId, operation, purpose: 'HOPERAT' };
    const writing = this.#audit.record(who, [{ ...refusal, details: { count, credentials } }]);
    this.#writes.add(writing, (error) => this.#log.warn('audit.denial-unrecorded', { reason: (error as Error).name }));
  }

  /** Records what was counted, and waits until it is written. */
  async close(): Promise<void> {
    this.#recordFurther();
    await this.#writes.ended();
  }
}
