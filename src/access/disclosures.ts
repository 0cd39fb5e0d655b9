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

/** A page of a list, which tells something even where none of its entries is shown. */
export interface DisclosedList {
  /** Type of its entries. */
  readonly list: string;
  /** What its entries would show. */
  readonly rows: readonly Disclosed[];
  /** Its count was asked for. */
  readonly counted: boolean;
  /** UUIDs of patients and UIDs of studies that were asked for. */
  readonly about: readonly string[];
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
  readonly #lists: DisclosedList[] = [];

  /** Whether nobody's data was shown. */
  get empty(): boolean {
    return this.#nothingShown && this.#remote.size === 0 && !this.#lists.some((list) => this.#tells(list));
  }

  get #nothingShown(): boolean {
    return this.#byStudy.size === 0 && this.#byPatient.size === 0;
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

  /** Notes a page of a list. A count of entries that are all of one patient is about that patient. */
  noteList(list: DisclosedList): void {
    this.#lists.push(list);
  }

  /**
   * One entry a patient, in the order in which they were first shown.
   *
   * @param patientsOfStudies - asked for studies of which only parts were shown that do not say whose they are
   */
  async entries(patientsOfStudies: PatientsOfStudies): Promise<readonly AuditEntry[]> {
    const searched = this.#searched();
    const unknown = [...this.#byStudy].filter(([, { patientId }]) => patientId === undefined).map(([id]) => id);
    const found = unknown.length === 0 ? undefined : await patientsOfStudies(unknown);
    const entries = new Map<string, Combined>();
    for (const [studyId, shown] of this.#byStudy) {
      const patientId = shown.patientId ?? found?.get(studyId);
      // A study whose patient is not found is recorded all the same.
      combined(entries, patientId ?? `study ${studyId}`, patientId).add(shown, studyId);
    }
    for (const [patientId, shown] of this.#byPatient) combined(entries, patientId, patientId).add(shown);
    const remote: AuditEntry = { action: 'READ', details: { remoteStudyInstanceUids: [...this.#remote] } };
    return [
      ...[...entries.values()].map((entry) => entry.toEntry()),
      ...(this.#remote.size === 0 ? [] : [remote]),
      ...searched,
    ];
  }

  /** One entry for all lists that told something of nobody in particular; notes whom the others told of. */
  #searched(): readonly AuditEntry[] {
    const searched = new Set<string>();
    const about = new Set<string>();
    for (const list of this.#lists.filter((each) => this.#tells(each))) {
      const [patientId, ...others] = new Set(list.rows.map((row) => row.patientId));
      if (patientId && others.length === 0) {
        for (const { studyId } of list.rows) this.note({ patientId, studyId });
      } else {
        searched.add(list.list);
        for (const subject of list.about) about.add(subject);
      }
    }
    if (searched.size === 0) return [];
    return [{ action: 'READ', details: { searched: [...searched], about: [...about] } }];
  }

  /** That there is no entry, or a count of entries that are not all shown. */
  #tells({ rows, counted }: DisclosedList): boolean {
    return rows.length === 0 || (counted && !rows.every((row) => this.#isNoted(row)));
  }

  #isNoted({ patientId, studyId, instanceId, inferenceId, findingId }: Disclosed): boolean {
    const shown = studyId ? this.#byStudy.get(studyId) : this.#byPatient.get(patientId ?? '');
    if (shown === undefined) return false;
    const { instanceIds, inferenceIds, findingIds } = shown;
    const parts = [
      [instanceId, instanceIds],
      [inferenceId, inferenceIds],
      [findingId, findingIds],
    ] as const;
    return parts.every(([id, ids]) => !id || ids.has(id));
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
