/** Records for tests that need a database but no film. */
import { createHash, randomInt } from 'node:crypto';
import { type AuditActor, systemActor } from '../../src/store/audit/audit-entry.ts';
import type { InstanceRecord, StoredInstance } from '../../src/store/instance-records.ts';
import type { ModelRegistration } from '../../src/store/model-registration.ts';
import type { Store } from '../../src/store/store.ts';

/** Who writes what tests write. */
export const BY_TEST: AuditActor = { ...systemActor('test'), subject: 'test' };

/** A fresh UID (PS3.5 B.2 allows a decimal number below 2.25). */
export function freshUid(): string {
  return `2.25.${randomInt(2 ** 47)}${randomInt(2 ** 47)}`;
}

/** A film's records with fresh UIDs; override what matters to the test. */
export function instanceRecord(overrides: Partial<InstanceRecord['instance']> = {}): InstanceRecord {
  const sha256 = createHash('sha256').update(freshUid()).digest('hex');
  return {
    patient: {
      mrn: `MRN-${freshUid()}`,
      issuer: 'TEST',
      name: 'TEST^PATIENT',
      nameIdeographic: null,
      namePhonetic: null,
      birthDate: '1970-01-31',
      sex: 'FEMALE',
    },
    study: { studyInstanceUid: freshUid(), accessionNumber: 'A-1', date: '2026-01-02T03:04:05Z', description: 'Chest' },
    series: { seriesInstanceUid: freshUid(), modality: 'DX', bodyPart: 'CHEST', viewPosition: 'PA', description: null },
    instance: {
      sopInstanceUid: freshUid(),
      sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      rows: 64,
      columns: 64,
      numberOfFrames: 1,
      photometricInterpretation: 'MONOCHROME2',
      sha256,
      byteLength: 10_000,
      blobKey: `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}.dcm`,
      eligibility: 'READ',
      eligibilityReasons: [],
      ...overrides,
    },
    priority: 'ROUTINE',
  };
}

/** A model version whose digest is derived from its name and version. */
export function modelRegistration(version = '1.0.0'): ModelRegistration {
  return {
    name: 'test-model',
    version,
    digest: createHash('sha256').update(version).digest('hex'),
    precision: 'INT8',
    manifest: {},
    metrics: undefined,
  };
}

/** Makes a version the active one, as complete as any. */
export async function activateModel(store: Store, modelVersionId: string, reason = 'for the test'): Promise<void> {
  await store.modelVersions.moveNow({ modelVersionId, toState: 'ACTIVE', reason, by: BY_TEST, missing: [] });
}

/** Has a version read beside the active one. */
export async function shadowModel(store: Store, modelVersionId: string): Promise<void> {
  const by = BY_TEST;
  await store.modelVersions.moveNow({ modelVersionId, toState: 'SHADOW', reason: 'for the test', by, missing: [] });
}

/** Registers and activates a model version; returns its id. */
export async function activeModel(store: Store, version?: string): Promise<string> {
  const { id: modelVersionId } = await store.modelVersions.register(modelRegistration(version), BY_TEST);
  await activateModel(store, modelVersionId);
  return modelVersionId;
}

/** Records a film whose bytes lie nowhere. */
export function recordFilm(store: Store, record: InstanceRecord): Promise<StoredInstance> {
  return store.instances.record(record, () => Promise.resolve(), BY_TEST);
}
