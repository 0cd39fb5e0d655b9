/** An audit chain of a fresh database, and ways to tamper with it as somebody who may write anything. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { type AuditActor, type AuditEntry, systemActor } from '../../../src/store/audit/audit-entry.ts';
import { type AuditVerification, verifyAudit } from '../../../src/store/audit/verify/verify-audit.ts';
import type { Store } from '../../../src/store/store.ts';
import { openTestStore, type TestStore } from '../../support/store.ts';

/** A person with everything that can be recorded of one. */
export const READER: AuditActor = {
  ...systemActor('query study'),
  subject: 'oidc:https://issuer#dr "house" \u{1f9d1}‍⚕️',
  kind: 'PERSON',
  displayName: 'Ōtsuka\n太郎',
  roles: ['CLINICIAN', 'ADMIN'],
  sourceAddress: '192.0.2.1',
  requestId: randomUUID(),
  purpose: 'TREAT',
};

/** A read with fresh ids. */
export function readEntry(): AuditEntry {
  return {
    action: 'READ',
    patientId: randomUUID(),
    studyIds: [randomUUID()],
    findingIds: [randomUUID(), randomUUID()],
    modelVersionIds: [randomUUID()],
    details: { note: 'a\\b"c\u2028', count: 2 },
  };
}

/** Records one row after another. */
export async function recordRows(store: Store, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await store.audit.record(READER, [readEntry()]);
}

/** A chain and whoever tampers with it. */
export interface Chain extends TestStore {
  /** SQL as a superuser who has switched the triggers off. */
  tamper(sql: string, values?: readonly unknown[]): Promise<void>;
  verify(options?: {
    readonly from?: number;
    readonly expected?: readonly { position: number; hash: string }[];
  }): Promise<AuditVerification>;
  /** Kinds and positions of what is found. */
  findings(): Promise<readonly unknown[]>;
}

/** Databases of tests are copies of one: each chain needs a name of its own, as it has in a database that was migrated. */
async function nameChain(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `UPDATE "AuditHead" SET "chain" = $1::text::uuid, "hash" = encode(sha256(convert_to($1::text, 'UTF8')), 'hex')`,
    [randomUUID()],
  );
  await client.end();
}

/** A database with that many rows in its chain; the gateway that wrote them no longer seals. */
export async function openChain(rows: number): Promise<Chain> {
  const opened = await openTestStore();
  await nameChain(opened.url);
  await recordRows(opened.store, rows);
  const verify: Chain['verify'] = (options = {}) => verifyAudit({ url: opened.url, ...options });
  return {
    ...opened,
    verify,
    findings: async () => (await verify()).findings.map(({ kind, positions }) => [kind, ...positions]),
    tamper: async (sql, values = []) => {
      const client = new pg.Client({ connectionString: opened.url });
      await client.connect();
      try {
        await client.query('SET session_replication_role = replica');
        await client.query(sql, [...values]);
      } finally {
        await client.end();
      }
    },
  };
}
