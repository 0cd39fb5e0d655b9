/** Audit records as the API shows them. */
import type { AuditedData, AuditRecord } from '../schema/audit-record.type.ts';
import { type NodeType, toGlobalId, toOptionalGlobalId } from '../schema/global-id.ts';
import type { AuditRecordRow } from '../store/reads/audit-records.ts';

/** The record with global ids. */
export function toAuditRecord(row: AuditRecordRow): AuditRecord {
  return {
    ...row,
    position: Number(row.position),
    data: dataOf(row),
    breakGlassId: toOptionalGlobalId('BreakGlassOpening', row.breakGlassId),
    patientId: toOptionalGlobalId('Patient', row.patientId),
    studyIds: globalIds('Study', row.studyIds),
    instanceIds: globalIds('Instance', row.instanceIds),
    inferenceIds: globalIds('Inference', row.inferenceIds),
    findingIds: globalIds('Finding', row.findingIds),
    modelVersionIds: globalIds('ModelVersion', row.modelVersionIds),
    details: row.details === null ? null : detailsOf(row.details),
  };
}

/** Details that are not what the gateway wrote are shown as they are: the chain says that somebody altered them. */
function detailsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // shown below
  }
  return { text };
}

function dataOf(row: AuditRecordRow): readonly (keyof typeof AuditedData)[] {
  const kinds: readonly (readonly [keyof typeof AuditedData, boolean])[] = [
    ['PATIENT', row.patientId !== null],
    ['STUDY', row.studyIds.length > 0],
    ['INSTANCE', row.instanceIds.length > 0],
    ['INFERENCE', row.inferenceIds.length > 0],
    ['FINDING', row.findingIds.length > 0],
    ['MODEL_VERSION', row.modelVersionIds.length > 0],
  ];
  return kinds.filter(([, concerned]) => concerned).map(([kind]) => kind);
}

function globalIds(type: NodeType, ids: readonly string[]): readonly string[] {
  return ids.map((id) => toGlobalId(type, id));
}
