/** A stretch of the audit as lines, one record or message each; in memory is one page of records. */
import type { AuditExportStore } from '../store/audit/audit-exports.ts';
import type { AuditRecordFilter } from '../store/reads/audit-records.ts';
import type { AuditedEvent } from '../store/reads/audit-subjects.ts';
import type { AuditSource } from './audit-source.ts';
import { dicomAuditMessages } from './dicom-message.ts';
import { fhirAuditEvent } from './fhir-audit-event.ts';
import { recordJson } from './record-json.ts';

/** What a line is: an XML message of PS3.15 A.5, an AuditEvent of FHIR R4, or the record as the gateway has it. */
export type AuditExportFormat = 'dicom' | 'fhir' | 'json';

/** Which records: from one position through another, or of a span of time. */
export interface AuditStretch {
  /** First position; 1 when absent. */
  readonly from?: bigint;
  /** Last position; the present end when absent. */
  readonly through?: bigint;
  readonly occurredAt?: AuditRecordFilter['occurredAt'];
}

const PAGE = 500;

const LINES: Readonly<Record<AuditExportFormat, (event: AuditedEvent, source: AuditSource) => readonly string[]>> = {
  dicom: dicomAuditMessages,
  fhir: (event, source) => [JSON.stringify(fhirAuditEvent(event, source))],
  json: (event) => [recordJson(event)],
};

/** The lines, each with its end. */
export async function* auditLines(
  exports: AuditExportStore,
  format: AuditExportFormat,
  { from = 1n, through, occurredAt }: AuditStretch,
  source: Omit<AuditSource, 'chain'>,
): AsyncGenerator<string, void, void> {
  const full = { ...source, chain: await exports.chain() };
  const end = through ?? (await exports.end());
  const filter = occurredAt === undefined ? {} : { occurredAt };
  for (let position = from - 1n; position < end; ) {
    const events = await exports.after(position, PAGE, filter);
    for (const event of events) {
      position = event.record.position;
      if (position > end) return;
      for (const line of LINES[format](event, full)) yield `${line}\n`;
    }
    if (events.length < PAGE) return;
  }
}
