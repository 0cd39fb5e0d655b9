/** Records what is shown of patients before it is shown. */
import { GatewayError } from '../errors.ts';
import type { AuditEntry } from '../store/audit/audit-entry.ts';
import { patientsOfStudies } from '../store/audit/disclosed-records.ts';
import { UNRESTRICTED } from '../store/reads/scope.ts';
import type { Store } from '../store/store.ts';
import { markBreakGlass } from './break-glass-marks.ts';
import { actorOf, type Caller } from './caller.ts';
import { type Disclosed, Disclosures } from './disclosures.ts';

/** What recording needs of the store. */
export type AuditedStore = Pick<Store, 'audit' | 'reads'>;

/**
 * One entry a patient, and what was refused beside it; durable when it resolves.
 *
 * @throws GatewayError AUDIT_UNAVAILABLE: nothing of it may be shown
 */
export async function recordDisclosures(
  store: AuditedStore,
  caller: Caller,
  operation: string,
  disclosures: Disclosures,
  refused: readonly AuditEntry[] = [],
): Promise<void> {
  await record(store, caller, operation, disclosures, { refused });
}

/**
 * Like {@link recordDisclosures}, for one thing that is shown, such as a picture.
 *
 * @param details - what else its entry says
 */
export async function recordDisclosed(
  store: AuditedStore,
  caller: Caller,
  operation: string,
  disclosed: Disclosed,
  details?: AuditEntry['details'],
): Promise<void> {
  if (!store.audit.enabled) return;
  const disclosures = new Disclosures();
  disclosures.note(disclosed);
  await record(store, caller, operation, disclosures, { details });
}

/** What is recorded beside what is shown, and of it. */
interface Beside {
  readonly refused?: readonly AuditEntry[];
  readonly details?: AuditEntry['details'] | undefined;
}

async function record(
  { audit, reads }: AuditedStore,
  caller: Caller,
  operation: string,
  disclosures: Disclosures,
  { refused = [], details }: Beside,
): Promise<void> {
  const { prisma } = reads(UNRESTRICTED);
  try {
    const entries = await disclosures.entries((studyIds) => patientsOfStudies(prisma, studyIds));
    const shown = details === undefined ? entries : entries.map((entry) => ({ ...entry, details }));
    const marked = await markBreakGlass(prisma, caller.identity, shown);
    await audit.record(actorOf(caller, operation), [...marked, ...refused]);
  } catch (error) {
    // A refusal shows nothing, and says better than this what is wrong.
    if (disclosures.empty) return;
    if (error instanceof GatewayError && error.code === 'AUDIT_UNAVAILABLE') throw error;
    throw new GatewayError('AUDIT_UNAVAILABLE', 'What was asked for could not be recorded.', {}, { cause: error });
  }
}
