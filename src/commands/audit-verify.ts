/** `cxr-gateway audit verify` and `audit head`. */
import { loadConfig } from '../config.ts';
import { type AuditVerification, auditHead, type KeptHash, verifyAudit } from '../store/audit/verify/verify-audit.ts';
import { startEmbeddedPostgres } from '../store/embedded-postgres.ts';
import { note, print } from './output.ts';

/** Options of `audit verify`. */
export interface VerifyCommand {
  readonly from?: number;
  readonly expect: readonly KeptHash[];
  readonly json?: boolean;
}

/** Verifies the chain; prints its head, to be kept where nobody who can write to the database can write. */
export async function runAuditVerify({ from = 1, expect, json }: VerifyCommand): Promise<void> {
  const verification = await onDatabase((url) => verifyAudit({ url, from, expected: expect }));
  if (json === true) print(JSON.stringify(verification));
  else printVerification(verification);
  if (verification.findings.length > 0) {
    note('cxr-gateway: AUDIT_CHAIN_BROKEN: keep the database as it is, and find out who could write to it.');
    process.exitCode = 1;
  }
}

/** Prints the head, without verifying what lies before it. */
export async function runAuditHead(): Promise<void> {
  const { position, hash } = await onDatabase(auditHead);
  print(`${position}:${hash}`);
}

function printVerification({ chain, from, rows, head, findings, milliseconds }: AuditVerification): void {
  for (const { kind, problem } of findings) print(`${kind}  ${problem}`);
  const range = from === 1 ? '' : ` from position ${from} on`;
  const state = findings.length === 0 ? 'unbroken' : 'BROKEN';
  print(`Chain ${chain} is ${state}: ${rows} rows${range}, ${Math.round(milliseconds)} ms.`);
  print(`Head to keep elsewhere, for --expect: ${head.position}:${head.hash}`);
}

/** The configured database, or the embedded one, started when no gateway runs it. */
async function onDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  const { database } = loadConfig();
  if (database.url !== undefined) return work(database.url);
  await using embedded = await startEmbeddedPostgres({ directory: database.embeddedDirectory });
  return await work(embedded.url);
}
