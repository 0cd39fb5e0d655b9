import { Arg, Args, Authorized, Ctx, ID, Query, Resolver } from 'type-graphql';
import { AUDITS } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { AuditRecordFilterInput } from '../schema/audit-record.input.ts';
import { AuditHead, type AuditRecord, AuditRecordConnection } from '../schema/audit-record.type.ts';
import { OrderDirection } from '../schema/enums.ts';
import { fromGlobalId, fromOptionalGlobalId } from '../schema/global-id.ts';
import { PageArguments } from '../schema/page.input.ts';
import type { Connection } from '../schema/page.type.ts';
import { TimeRangeInput } from '../schema/time-range.input.ts';
import type { AuditEntry } from '../store/audit/audit-entry.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { type AuditRecordFilter, auditHead, listAuditRecords } from '../store/reads/audit-records.ts';
import type { Direction } from '../store/reads/keyset.ts';
import { findPatient } from '../store/reads/patients.ts';
import { toAuditRecord } from './audit-record.ts';
import { connectionOfPage } from './connection.ts';
import { actorIn, type GatewayContext } from './context.ts';

const NEWEST_FIRST = {
  defaultValue: 'DESC',
  description: 'In which order of the chain; default: newest first.',
} as const;

/** The audit. Looking at it is recorded before anything is shown, so the latest record of an answer is the look itself. */
@Resolver()
export class AuditResolver {
  @Authorized<AccessRole>(AUDITS)
  @Query(() => AuditRecordConnection, { description: 'Who saw and did what, page by page. This is recorded too.' })
  async auditTrail(
    @Args(() => PageArguments) page: PageArguments,
    @Arg('filter', () => AuditRecordFilterInput, { nullable: true, description: 'Which records; default: all.' })
    filter: AuditRecordFilterInput | null,
    @Arg('direction', () => OrderDirection, NEWEST_FIRST) direction: Direction,
    @Ctx() context: GatewayContext,
  ): Promise<Connection<AuditRecord>> {
    const patientId = fromOptionalGlobalId('Patient', filter?.patientId);
    await recordLook(context, patientId === undefined ? {} : { patientId });
    return records(context, { ...filter, patientId: patientId ?? null }, direction, page);
  }

  @Authorized<AccessRole>(AUDITS)
  @Query(() => AuditRecordConnection, {
    description:
      'Who had access to the data of one patient, when, from where, with which role and purpose, and why where a record was opened without a grant. ' +
      'Give id, or mrn and issuer together. This is recorded too.',
  })
  async patientAccessLog(
    @Args(() => PageArguments) page: PageArguments,
    @Arg('id', () => ID, { nullable: true, description: 'Global id of the patient.' }) id: string | null,
    @Arg('mrn', () => String, { nullable: true, description: 'Medical record number; needs issuer.' })
    mrn: string | null,
    @Arg('issuer', () => String, { nullable: true, description: 'Issuer of the medical record number.' })
    issuer: string | null,
    @Arg('occurredAt', () => TimeRangeInput, { nullable: true, description: 'When it happened; default: ever.' })
    occurredAt: TimeRangeInput | null,
    @Arg('direction', () => OrderDirection, NEWEST_FIRST) direction: Direction,
    @Ctx() context: GatewayContext,
  ): Promise<Connection<AuditRecord>> {
    const patientId = await patientOf(context, { id, mrn, issuer });
    if (patientId === undefined) {
      await recordLook(context, { outcome: 'FAILED', errorCode: 'NOT_FOUND' });
      throw new GatewayError('NOT_FOUND', 'There is no such patient.');
    }
    await recordLook(context, { patientId });
    return records(context, { patientId, occurredAt }, direction, page);
  }

  @Authorized<AccessRole>(AUDITS)
  @Query(() => AuditHead, { description: 'The end of the chain.' })
  async auditHead(@Ctx() context: GatewayContext): Promise<AuditHead> {
    await recordLook(context);
    const { position, hash, chain } = await auditHead(context.reader);
    return { position: Number(position), hash, chain };
  }
}

async function records(
  { reader }: GatewayContext,
  filter: AuditRecordFilter,
  direction: Direction,
  request: PageArguments,
): Promise<Connection<AuditRecord>> {
  const page = await listAuditRecords(reader, filter, direction, request);
  return connectionOfPage(page, page.rows.map(toAuditRecord));
}

/** The patient, if there is one that the auditor may see. @throws GatewayError BAD_REQUEST */
async function patientOf(
  { loaders, reader }: GatewayContext,
  { id, mrn, issuer }: { readonly [key in 'id' | 'mrn' | 'issuer']: string | null },
): Promise<string | undefined> {
  if (id && !mrn && !issuer) return (await loaders.patients.load(fromGlobalId('Patient', id)))?.id;
  if (!id && mrn && issuer) return (await findPatient(reader, mrn, issuer))?.id;
  throw new GatewayError('BAD_REQUEST', 'Give either id, or mrn and issuer.');
}

/** @throws GatewayError AUDIT_UNAVAILABLE: then nothing may be shown */
async function recordLook(context: GatewayContext, more: Partial<AuditEntry> = {}): Promise<void> {
  await context.services.store.audit.record(actorIn(context), [{ action: 'READ', ...more }]);
}
