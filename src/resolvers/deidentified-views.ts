/** Rows as they are shown without their identity. */
import type { Pseudonyms } from '../access/pseudonyms.ts';
import type {
  DeidentifiedFinding,
  DeidentifiedInstance,
  DeidentifiedSeries,
  DeidentifiedStudy,
} from '../schema/deidentified.type.ts';
import type { FindingRow, InstanceRow, SeriesRow, StudyRow } from '../store/reads/tables.ts';
import type { GatewayContext } from './context.ts';
import { createLoaders, type Loaders } from './loaders.ts';

const loadersWithoutShadow = new WeakMap<Loaders, Loaders>();

/** What readings by versions out of clinical use found is never shown here, whoever asks. */
export function clinicalReader({ reader }: GatewayContext): GatewayContext['reader'] {
  return { ...reader, scope: { ...reader.scope, shadow: false } };
}

/** Loaders that read through {@link clinicalReader}; they last as long as the operation's own. */
export function clinicalLoaders(context: GatewayContext): Loaders {
  if (!context.reader.scope.shadow) return context.loaders;
  const loaders = loadersWithoutShadow.get(context.loaders) ?? createLoaders(clinicalReader(context));
  loadersWithoutShadow.set(context.loaders, loaders);
  return loaders;
}

export function deidentifiedStudy(row: StudyRow, pseudonyms: Pseudonyms): DeidentifiedStudy {
  const id = pseudonyms.uidOf('study', row.id);
  return { row, id, patientPseudonym: pseudonyms.uidOf('patient', row.patientId) };
}

export function deidentifiedSeries(row: SeriesRow, pseudonyms: Pseudonyms): DeidentifiedSeries {
  const { modality, bodyPart, viewPosition } = row;
  return { row, id: pseudonyms.uidOf('series', row.id), modality, bodyPart, viewPosition };
}

export function deidentifiedInstance(row: InstanceRow, pseudonyms: Pseudonyms): DeidentifiedInstance {
  const { rows, columns, eligibility } = row;
  const id = pseudonyms.uidOf('instance', row.id);
  const dicomUrl = `/deidentified/instances/${id}`;
  return { row, id, rows, columns, eligibility, previewUrl: `${dicomUrl}/preview.png`, dicomUrl };
}

export function deidentifiedFinding(row: FindingRow): DeidentifiedFinding {
  const { label, probability, threshold, positive } = row;
  return { row, label, probability, threshold, positive };
}
