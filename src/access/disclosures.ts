/**
 * What an answer shows of patients. Each object that is completed for an answer is noted once, wherever it lies in it; the audit
 * gets one entry a patient.
 */
import type { AuditEntry } from '../store/audit/audit-entry.ts';

/** Ids (UUIDs) of what is shown and of what it belongs to, as far as they are known. */
export interface Disclosed {
  readonly patientId?: string | null | undefined;
  readonly studyId?: string | null | undefined;
  readonly instanceId?: string | null | undefined;
  readonly inferenceId?: string | null | undefined;
  readonly findingId?: string | null | undefined;
  readonly modelVersionId?: string | null | undefined;
}

/** The patients of studies, by the studies' UUIDs. */
export type PatientsOfStudies = (studyIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;

/** What was shown of one study, or of a patient beside its studies. */
class Shown {
  patientId: string | undefined;
  readonly instanceIds = new Set<string>();
  readonly inferenceIds = new Set<string>();
  readonly findingIds = new Set<string>();
  readonly modelVersionIds = new Set<string>();
}

/** One operation's, or one event's. */
export class Disclosures {
  readonly #byStudy = new Map<string, Shown>();
  readonly #byPatient = new Map<string, Shown>();
  readonly #remote = new Set<string>();

  /** Whether nobody's data was shown. */
  get empty(): boolean {
    return this.#byStudy.size === 0 && this.#byPatient.size === 0 && this.#remote.size === 0;
  }

  /** Notes what one object shows. Without a patient and a study it shows nobody's data. */
  note({ patientId, studyId, instanceId, inferenceId, findingId, modelVersionId }: Disclosed): void {
    const shown = studyId
      ? this.#of(this.#byStudy, studyId)
      : patientId
        ? this.#of(this.#byPatient, patientId)
        : undefined;
    if (shown === undefined) return;
    if (patientId) shown.patientId = patientId;
    if (instanceId) shown.instanceIds.add(instanceId);
    if (inferenceId) shown.inferenceIds.add(inferenceId);
    if (findingId) shown.findingIds.add(findingId);
    if (modelVersionId) shown.modelVersionIds.add(modelVersionId);
  }

  /** Notes a study that another DICOM node has and describes; the gateway knows no patient of it. */
  noteRemote(studyInstanceUid: string): void {
    this.#remote.add(studyInstanceUid);
  }

  /**
   * One entry a patient, in the order in which they were first shown.
   *
   * @param patientsOfStudies - asked for studies of which only parts were shown that do not say whose they are
   */
  async entries(patientsOfStudies: PatientsOfStudies): Promise<readonly AuditEntry[]> {
    const unknown = [...this.#byStudy].filter(([, { patientId }]) => patientId === undefined).map(([id]) => id);
    const found = unknown.length === 0 ? undefined : await patientsOfStudies(unknown);
    const entries = new Map<string, Combined>();
    for (const [studyId, shown] of this.#byStudy) {
      const patientId = shown.patientId ?? found?.get(studyId);
      // A study whose patient is not found is recorded all the same.
      combined(entries, patientId ?? `study ${studyId}`, patientId).add(shown, studyId);
    }
    for (const [patientId, shown] of this.#byPatient) combined(entries, patientId, patientId).add(shown);
    const stored = [...entries.values()].map((entry) => entry.toEntry());
    if (this.#remote.size === 0) return stored;
    return [...stored, { action: 'READ', details: { remoteStudyInstanceUids: [...this.#remote] } }];
  }

  #of(map: Map<string, Shown>, id: string): Shown {
    let shown = map.get(id);
    if (shown === undefined) {
      shown = new Shown();
      map.set(id, shown);
    }
    return shown;
  }
}

/** What was shown of one patient. */
class Combined {
  readonly #patientId: string | undefined;
  readonly #studyIds: string[] = [];
  readonly #instanceIds: string[] = [];
  readonly #inferenceIds: string[] = [];
  readonly #findingIds: string[] = [];
  readonly #modelVersionIds = new Set<string>();

  constructor(patientId: string | undefined) {
    this.#patientId = patientId;
  }

  add(shown: Shown, studyId?: string): void {
    if (studyId !== undefined) this.#studyIds.push(studyId);
    this.#instanceIds.push(...shown.instanceIds);
    this.#inferenceIds.push(...shown.inferenceIds);
    this.#findingIds.push(...shown.findingIds);
    for (const id of shown.modelVersionIds) this.#modelVersionIds.add(id);
  }

  toEntry(): AuditEntry {
    return {
      action: 'READ',
      ...(this.#patientId === undefined ? {} : { patientId: this.#patientId }),
      studyIds: this.#studyIds,
      instanceIds: this.#instanceIds,
      inferenceIds: this.#inferenceIds,
      findingIds: this.#findingIds,
      modelVersionIds: [...this.#modelVersionIds],
    };
  }
}

function combined(entries: Map<string, Combined>, key: string, patientId: string | undefined): Combined {
  let entry = entries.get(key);
  if (entry === undefined) {
    entry = new Combined(patientId);
    entries.set(key, entry);
  }
  return entry;
}
