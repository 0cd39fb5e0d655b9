/** Records as the gateway keeps them, with what their ids stand for. */
import type { AuditedEvent } from '../store/reads/audit-subjects.ts';
import { detailsOf } from './record-details.ts';

/** One record as JSON on one line; position and hash let it be compared with the chain. */
export function recordJson({ record, patient, studies, modelVersions }: AuditedEvent): string {
  const { position, details, ...columns } = record;
  return JSON.stringify({
    position: Number(position),
    ...columns,
    details: details === null ? null : detailsOf(record),
    patient: patient === null ? null : { mrn: patient.mrn, issuer: patient.issuer },
    studies,
    modelVersions,
  });
}
