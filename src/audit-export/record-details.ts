/** What a record says besides, in the form in which every export carries it. */
import type { AuditRecordRow } from '../store/reads/audit-records.ts';
import type { AuditedEvent } from '../store/reads/audit-subjects.ts';

/** The details of a record; empty when there are none, or when they are not what the gateway wrote. */
export function detailsOf({ details }: AuditRecordRow): Readonly<Record<string, unknown>> {
  if (details === null) return {};
  const parsed = parse(details);
  return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
}

/** A record that somebody has tampered with must not stop the export of those behind it. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Type and value of what no field of the formats has a place for. The hash lets the export be compared with the chain. */
export function extraDetails({ record, modelVersions }: AuditedEvent): readonly (readonly [string, string])[] {
  const { requestId, breakGlassId, breakGlassReason, details } = record;
  const optional: readonly (readonly [string, string | null])[] = [
    ['Position', record.position.toString()],
    ['Hash', record.hash],
    ['Operation', record.operation],
    ['PurposeOfUse', record.purpose],
    ['RequestID', requestId],
    ['BreakGlass', breakGlassId],
    ['BreakGlassReason', breakGlassReason],
    ['ModelVersions', listed(modelVersions)],
    ['Inferences', listed(record.inferenceIds)],
    ['Findings', listed(record.findingIds)],
    ['Details', details],
  ];
  return optional.flatMap(([type, value]) => (value === null || value === '' ? [] : [[type, value] as const]));
}

/** Longest list of ids: a message has to stay below 32 KiB, which is all that every collector takes (PS3.15 A.6). */
const LONGEST_LIST = 20;

function listed(values: readonly string[]): string | null {
  if (values.length === 0) return null;
  const shown = values.slice(0, LONGEST_LIST).join(' ');
  return values.length > LONGEST_LIST ? `${shown} (${values.length} in all)` : shown;
}
