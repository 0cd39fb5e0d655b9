/** An audit record as it is written, and the columns of its table. */
import { GatewayError } from '../../errors.ts';
import type { AuditActor, AuditEntry } from './audit-entry.ts';

/** What a record says; its id, position and hash come later. Times in ISO 8601, UTC, with milliseconds. */
export interface AuditContent {
  readonly occurredAt: string;
  readonly subject: string;
  readonly identityKind: string;
  readonly displayName: string | null;
  readonly roles: readonly string[] | null;
  readonly sourceAddress: string | null;
  readonly requestId: string | null;
  readonly operation: string;
  readonly action: string;
  readonly purpose: string;
  readonly breakGlassId: string | null;
  readonly outcome: string;
  readonly errorCode: string | null;
  readonly patientId: string | null;
  readonly studyIds: readonly string[] | null;
  readonly instanceIds: readonly string[] | null;
  readonly inferenceIds: readonly string[] | null;
  readonly findingIds: readonly string[] | null;
  readonly modelVersionIds: readonly string[] | null;
  /** JSON text. */
  readonly details: string | null;
}

/** Columns of the content and their types in SQL. The order is that of the hash (audit-hash.ts) and never changes. */
export const CONTENT_COLUMNS: readonly (readonly [keyof AuditContent, string])[] = [
  ['occurredAt', 'timestamptz(3)'],
  ['subject', 'text'],
  ['identityKind', '"IdentityKind"'],
  ['displayName', 'text'],
  ['roles', '"AccessRole"[]'],
  ['sourceAddress', 'text'],
  ['requestId', 'text'],
  ['operation', 'text'],
  ['action', '"AuditAction"'],
  ['purpose', 'text'],
  ['breakGlassId', 'uuid'],
  ['outcome', '"AuditOutcome"'],
  ['errorCode', 'text'],
  ['patientId', 'uuid'],
  ['studyIds', 'uuid[]'],
  ['instanceIds', 'uuid[]'],
  ['inferenceIds', 'uuid[]'],
  ['findingIds', 'uuid[]'],
  ['modelVersionIds', 'uuid[]'],
  ['details', 'text'],
];

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The records of one operation.
 *
 * @throws GatewayError INTERNAL for an id that is no UUID
 */
export function auditRows(actor: AuditActor, entries: readonly AuditEntry[], at: Date): readonly AuditContent[] {
  const occurredAt = at.toISOString();
  const who = {
    subject: storable(actor.subject),
    identityKind: actor.kind,
    displayName: storableOrNull(actor.displayName),
    roles: actor.roles,
    sourceAddress: storableOrNull(actor.sourceAddress),
    requestId: storableOrNull(actor.requestId),
    operation: storable(actor.operation),
    purpose: storable(actor.purpose),
  };
  return entries.map((entry) => ({
    ...who,
    occurredAt,
    action: entry.action,
    breakGlassId: optionalId(entry.breakGlassId),
    outcome: entry.outcome ?? 'SUCCESS',
    errorCode: storableOrNull(entry.errorCode),
    patientId: optionalId(entry.patientId),
    studyIds: ids(entry.studyIds),
    instanceIds: ids(entry.instanceIds),
    inferenceIds: ids(entry.inferenceIds),
    findingIds: ids(entry.findingIds),
    modelVersionIds: ids(entry.modelVersionIds),
    details: entry.details === undefined ? null : storable(JSON.stringify(entry.details)),
  }));
}

/** As PostgreSQL gives it back: it stores no NUL, and no half of a surrogate pair survives UTF-8. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '');
}

function storableOrNull(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : storable(text);
}

function optionalId(id: string | undefined): string | null {
  return id === undefined ? null : uuid(id);
}

function ids(given: readonly string[] | undefined): readonly string[] {
  return given === undefined ? [] : given.map(uuid);
}

function uuid(text: string): string {
  if (UUID.test(text)) return text;
  const lower = text.toLowerCase();
  if (UUID.test(lower)) return lower;
  throw new GatewayError('INTERNAL', 'An audit record names something by what is no id.');
}
