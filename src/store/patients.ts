/**
 * Patients as films bring them: the first film with a medical record number makes the record, and it stays. A later film that
 * says something else leaves a discrepancy for a person to look at; nothing is merged in silence. A film that agrees in
 * all it says fills what the record lacks. Patients with the same name and birth date under other numbers are other
 * patients here: to say that they are one is the work of whoever issues the numbers.
 */
import type { Transaction } from './client.ts';
import type { Patient } from './generated/client.ts';
import type { PatientAttribute, Sex } from './generated/enums.ts';

/** What a film says of its patient. */
export interface PatientRecord {
  readonly mrn: string;
  readonly issuer: string;
  /** Alphabetic component group. */
  readonly name: string | null;
  readonly nameIdeographic: string | null;
  readonly namePhonetic: string | null;
  /** YYYY-MM-DD. */
  readonly birthDate: string | null;
  readonly sex: Sex | null;
}

/** What a film says otherwise than the record. */
export interface Discrepancy {
  readonly attribute: PatientAttribute;
  readonly recorded: string;
  readonly stated: string;
}

/** The patient of a film. */
export interface FiledPatient {
  readonly id: string;
  readonly discrepancies: readonly Discrepancy[];
}

const NAME_GROUPS = ['name', 'nameIdeographic', 'namePhonetic'] as const;

type Demographics = Pick<Patient, (typeof NAME_GROUPS)[number] | 'birthDate' | 'sex'>;

/**
 * Finds or makes the record of a patient. ON CONFLICT DO NOTHING waits for a concurrent insert of the same number to
 * commit, so the following find always succeeds.
 */
export async function filePatient(tx: Transaction, patient: PatientRecord): Promise<FiledPatient> {
  const { mrn, issuer } = patient;
  const stated = demographicsOf(patient);
  const [created] = await tx.patient.createManyAndReturn({
    data: [{ mrn, issuer, ...stated }],
    skipDuplicates: true,
    select: { id: true },
  });
  if (created !== undefined) return { id: created.id, discrepancies: [] };
  const where = { mrn_issuer: { mrn, issuer } };
  const found = await tx.patient.findUniqueOrThrow({ where });
  if (discrepanciesOf(found, stated).length > 0 || Object.keys(missingFrom(found, stated)).length === 0) {
    return { id: found.id, discrepancies: discrepanciesOf(found, stated) };
  }
  // Locked, so that of two films that would fill the same gap differently the second is seen to contradict the first.
  await tx.$queryRaw`SELECT 1 FROM "Patient" WHERE "id" = ${found.id}::uuid FOR NO KEY UPDATE`;
  const locked = await tx.patient.findUniqueOrThrow({ where });
  const discrepancies = discrepanciesOf(locked, stated);
  if (discrepancies.length === 0) {
    await tx.patient.update({ where, data: missingFrom(locked, stated), select: { id: true } });
  }
  return { id: found.id, discrepancies };
}

/** What is stated otherwise than recorded, in another sense than case and spaces. Silence contradicts nothing. */
function discrepanciesOf(recorded: Demographics, stated: Demographics): readonly Discrepancy[] {
  const found: Discrepancy[] = [];
  if (NAME_GROUPS.some((group) => differ(recorded[group], stated[group]))) {
    found.push({ attribute: 'NAME', recorded: fullName(recorded), stated: fullName(stated) });
  }
  const [recordedDate, statedDate] = [day(recorded.birthDate), day(stated.birthDate)];
  if (recordedDate !== null && statedDate !== null && recordedDate !== statedDate) {
    found.push({ attribute: 'BIRTH_DATE', recorded: recordedDate, stated: statedDate });
  }
  if (recorded.sex !== null && stated.sex !== null && recorded.sex !== stated.sex) {
    found.push({ attribute: 'SEX', recorded: recorded.sex, stated: stated.sex });
  }
  return found;
}

function demographicsOf({ name, nameIdeographic, namePhonetic, birthDate, sex }: PatientRecord): Demographics {
  return {
    name,
    nameIdeographic,
    namePhonetic,
    birthDate: birthDate === null ? null : new Date(`${birthDate}T00:00:00Z`),
    sex,
  };
}

function missingFrom(recorded: Demographics, stated: Demographics): Partial<Demographics> {
  const keys = [...NAME_GROUPS, 'birthDate', 'sex'] as const;
  return Object.fromEntries(
    keys.filter((key) => recorded[key] === null && stated[key] !== null).map((key) => [key, stated[key]]),
  );
}

function differ(first: string | null, second: string | null): boolean {
  return first !== null && second !== null && plain(first) !== plain(second);
}

/** Without case, forms of width, spaces around and between components, and trailing delimiters. */
function plain(name: string): string {
  const components = name.normalize('NFKC').toUpperCase().split('^');
  return components
    .map((component) => component.trim().replace(/\s+/gu, ' '))
    .join('^')
    .replace(/\^+$/, '');
}

function fullName(demographics: Demographics): string {
  return NAME_GROUPS.map((group) => demographics[group] ?? '')
    .join('=')
    .replace(/=+$/, '');
}

function day(date: Date | null): string | null {
  return date === null ? null : date.toISOString().slice(0, 10);
}
