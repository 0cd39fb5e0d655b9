/** Rows written straight into the tables, with times and values that a test can reason about. */
import { createHash, randomUUID } from 'node:crypto';
import { appendChanges } from '../../src/store/change-log.ts';
import type { Priority } from '../../src/store/generated/enums.ts';
import type { Store } from '../../src/store/store.ts';
import { activateModel, BY_TEST, freshUid } from '../support/records.ts';

export const LABELS = [
  'Atelectasis',
  'Cardiomegaly',
  'Effusion',
  'Infiltration',
  'Mass',
  'Nodule',
  'Pneumonia',
  'Pneumothorax',
  'Consolidation',
  'Edema',
  'Emphysema',
  'Fibrosis',
  'Pleural_Thickening',
  'Hernia',
] as const;

export const MANIFEST = {
  description: 'A model for tests.',
  labels: LABELS.map((name) => ({ name, threshold: 0.5 })),
  input: { name: 'input', height: 128, width: 128, channels: 1 },
  preprocessing: { version: 'resize-1', grayscaleRule: 'grayscale-1' },
};

/** Of the file that the seeded readings ran. */
export const EXECUTED_DIGEST = createHash('sha256').update('engine').digest('hex');

/** Registers a version with a manifest and activates it; returns its UUID. */
export async function seedModel(store: Store, version = '1.0.0', activate = true): Promise<string> {
  const { id } = await store.modelVersions.register(
    {
      name: 'chexnet',
      version,
      digest: createHash('sha256').update(version).digest('hex'),
      precision: 'INT8',
      manifest: MANIFEST,
      metrics: [{ measure: 'AUC', mean: 0.8 }],
    },
    BY_TEST,
  );
  if (activate) await activateModel(store, id, 'first');
  return id;
}

/** What to vary. */
export interface StudySeed {
  readonly modelVersionId: string;
  readonly createdAt?: Date;
  readonly studyDate?: Date | null;
  readonly accessionNumber?: string | null;
  readonly patient?: { readonly mrn?: string; readonly issuer?: string; readonly name?: string | null };
  /** An existing patient's UUID. */
  readonly patientId?: string;
  readonly films?: number;
  readonly priority?: Priority;
  /** Of the label with this index. */
  readonly probability?: (label: number) => number;
}

/** Ids of what was written. */
export interface SeededStudy {
  readonly patientId: string;
  readonly studyId: string;
  readonly studyInstanceUid: string;
  readonly seriesId: string;
  readonly instances: readonly { readonly id: string; readonly sopInstanceUid: string; readonly inferenceId: string }[];
}

/** A study with one series, films, and a done reading with 14 findings of each. */
export async function seedStudy({ prisma }: Store, seed: StudySeed): Promise<SeededStudy> {
  const { modelVersionId, createdAt = new Date(), probability = (label: number) => (label + 1) / 20 } = seed;
  const patientId = seed.patientId ?? randomUUID();
  const studyId = randomUUID();
  const studyInstanceUid = freshUid();
  const seriesId = randomUUID();
  if (seed.patientId === undefined) {
    const { mrn = `MRN-${patientId}`, issuer = 'HOSPITAL', name = 'DOE^JANE' } = seed.patient ?? {};
    const birthDate = new Date('1970-01-31T00:00:00Z');
    await prisma.patient.create({
      data: { id: patientId, mrn, issuer, name, birthDate, sex: 'FEMALE', createdAt },
    });
  }
  await prisma.study.create({
    data: {
      id: studyId,
      studyInstanceUid,
      patientId,
      accessionNumber: seed.accessionNumber ?? null,
      studyDate: seed.studyDate ?? null,
      description: 'Chest',
      createdAt,
    },
  });
  await prisma.series.create({
    data: { id: seriesId, seriesInstanceUid: freshUid(), studyId, modality: 'DX', bodyPart: 'CHEST', createdAt },
  });
  const instances = Array.from({ length: seed.films ?? 1 }, () => ({
    id: randomUUID(),
    sopInstanceUid: freshUid(),
    inferenceId: randomUUID(),
  }));
  await prisma.instance.createMany({
    data: instances.map(({ id, sopInstanceUid }) => ({
      id,
      sopInstanceUid,
      seriesId,
      sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      rows: 2048,
      columns: 2500,
      photometricInterpretation: 'MONOCHROME2',
      sha256: createHash('sha256').update(id).digest('hex'),
      byteLength: 5_000_000_000n,
      blobKey: 'ab/cd/secret-location.dcm',
      eligibility: 'READ_WITH_WARNING' as const,
      eligibilityReasons: ['VIEW_UNKNOWN: The view is not given.'],
      createdAt,
    })),
  });
  await prisma.inference.createMany({
    data: instances.map((instance) => ({
      id: instance.inferenceId,
      instanceId: instance.id,
      modelVersionId,
      studyId,
      patientId,
      state: 'DONE' as const,
      priority: seed.priority ?? 'ROUTINE',
      attempts: 1,
      warnings: ['VIEW_UNKNOWN: The view is not given.'],
      queuedAt: createdAt,
      startedAt: new Date(createdAt.getTime() + 20),
      completedAt: new Date(createdAt.getTime() + 120),
      readMs: 1,
      decodeMs: 2,
      preprocessMs: 3,
      inferenceMs: 4,
      executedDigest: EXECUTED_DIGEST,
      executedPrecision: 'INT8' as const,
      createdAt,
    })),
  });
  await prisma.finding.createMany({
    data: instances.flatMap(({ inferenceId }) =>
      LABELS.map((label, index) => ({
        inferenceId,
        studyId,
        patientId,
        modelVersionId,
        label,
        probability: probability(index),
        threshold: 0.5,
        positive: probability(index) >= 0.5,
        ...(label === 'Effusion' ? { codeSystem: 'SCT', codeValue: '60046008', codeDisplay: 'Pleural effusion' } : {}),
        heatMapRows: 2,
        heatMapColumns: 2,
        heatMapValues: [0.25, -1, 2, index],
        createdAt,
      })),
    ),
  });
  return { patientId, studyId, studyInstanceUid, seriesId, instances };
}

/** Appends the change that a finished reading leaves in the feed. */
export async function announce(
  store: Store,
  study: SeededStudy,
  modelVersionId: string,
  priority: Priority = 'ROUTINE',
) {
  await store.prisma.$transaction((tx) =>
    appendChanges(
      tx,
      study.instances.map(({ id, inferenceId }) => ({
        type: 'INFERENCE_DONE' as const,
        patientId: study.patientId,
        studyId: study.studyId,
        instanceId: id,
        inferenceId,
        modelVersionId,
        priority,
      })),
    ),
  );
}
