/**
 * Studies and series as films bring them: the first film makes the record, and it stays. As in patients.ts, ON CONFLICT DO
 * NOTHING waits for a concurrent insert of the same UID to commit, so the following find always succeeds. All transactions lock
 * in the order patient, study, series, instance, so they cannot deadlock.
 */
import { GatewayError } from '../errors.ts';
import type { Transaction } from './client.ts';
import type { InstanceRecord } from './instance-records.ts';

/**
 * Finds or makes the record of a study.
 *
 * @returns its UUID
 * @throws GatewayError RECORD_CONFLICT when it is another patient's
 */
export async function fileStudy(tx: Transaction, study: InstanceRecord['study'], patientId: string): Promise<string> {
  const { studyInstanceUid, accessionNumber, description } = study;
  const studyDate = study.date === null ? null : new Date(study.date);
  const data = { studyInstanceUid, accessionNumber, description, studyDate, patientId };
  const [created] = await tx.study.createManyAndReturn({ data: [data], skipDuplicates: true, select: { id: true } });
  if (created !== undefined) return created.id;
  const found = await tx.study.findUniqueOrThrow({
    where: { studyInstanceUid },
    select: { id: true, patientId: true },
  });
  if (found.patientId !== patientId) {
    throw new GatewayError('RECORD_CONFLICT', 'The Study Instance UID is stored under another patient.');
  }
  return found.id;
}

/**
 * Finds or makes the record of a series.
 *
 * @returns its UUID
 * @throws GatewayError RECORD_CONFLICT when it is of another study
 */
export async function fileSeries(tx: Transaction, series: InstanceRecord['series'], studyId: string): Promise<string> {
  const { seriesInstanceUid } = series;
  const [created] = await tx.series.createManyAndReturn({
    data: [{ ...series, studyId }],
    skipDuplicates: true,
    select: { id: true },
  });
  if (created !== undefined) return created.id;
  const found = await tx.series.findUniqueOrThrow({
    where: { seriesInstanceUid },
    select: { id: true, studyId: true },
  });
  if (found.studyId !== studyId) {
    throw new GatewayError('RECORD_CONFLICT', 'The Series Instance UID is stored under another study.');
  }
  return found.id;
}
