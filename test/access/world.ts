/** Records of two issuers: what somebody who is granted one of them sees, and everything that must not be in an answer. */
import { toGlobalId } from '../../src/schema/global-id.ts';
import type { Store } from '../../src/store/store.ts';
import { type SeededStudy, seedModel, seedStudy } from '../resolvers/seed.ts';

/** The issuer that is granted, and the one that is not. */
export const NORTH = 'NORTH';
export const SOUTH = 'SOUTH';

/** A study and whatever of it would give it away. */
export interface Marked extends SeededStudy {
  readonly mrn: string;
  readonly issuer: string;
  readonly accessionNumber: string;
  readonly findingId: string;
  /** Ids, UIDs and texts that are in no other study's records; those of the patient too. */
  readonly marks: readonly string[];
  /** Without those of the patient. */
  readonly ownMarks: readonly string[];
}

/** What is stored. */
export interface World {
  readonly modelVersionId: string;
  /** Of NORTH. */
  readonly north: Marked;
  /** Another study of the same patient. */
  readonly northToo: Marked;
  /** Of SOUTH. */
  readonly south: Marked;
  /** Another patient of SOUTH. */
  readonly southToo: Marked;
}

/** An accession number that studies of both issuers have. */
export const SHARED_ACCESSION = 'SHARED-ACCESSION';

/** Writes the records. Two films a study; discrepancies with telling texts; a transfer of each study. */
export async function seedWorld(store: Store): Promise<World> {
  const modelVersionId = await seedModel(store);
  const north = await seedMarked(store, modelVersionId, NORTH, 'N1');
  const northToo = await seedMarked(store, modelVersionId, NORTH, 'N2', north);
  const south = await seedMarked(store, modelVersionId, SOUTH, 'S1');
  const southToo = await seedMarked(store, modelVersionId, SOUTH, 'S2');
  for (const issuer of [NORTH, SOUTH]) {
    await seedStudy(store, {
      modelVersionId,
      accessionNumber: SHARED_ACCESSION,
      patient: { mrn: 'SHARED-MRN', issuer, name: 'SHARED^NAME' },
    });
  }
  return { modelVersionId, north, northToo, south, southToo };
}

async function seedMarked(
  store: Store,
  modelVersionId: string,
  issuer: string,
  name: string,
  sibling?: Marked,
): Promise<Marked> {
  const { prisma } = store;
  const mrn = sibling?.mrn ?? `MARK-MRN-${name}`;
  const accessionNumber = `MARK-ACCESSION-${name}`;
  const study = await seedStudy(store, {
    modelVersionId,
    accessionNumber,
    films: 2,
    ...(sibling === undefined
      ? { patient: { mrn, issuer, name: `MARK-NAME-${name}^X` } }
      : { patientId: sibling.patientId }),
  });
  const [film] = study.instances;
  const discrepancy = await prisma.patientDiscrepancy.create({
    data: {
      patientId: study.patientId,
      instanceId: film?.id ?? '',
      attribute: 'NAME',
      recorded: `MARK-RECORDED-${name}`,
      stated: `MARK-STATED-${name}`,
    },
  });
  const { studyInstanceUid } = study;
  const transfer = await prisma.dicomTransfer.create({
    data: { kind: 'RETRIEVE', node: `NODE-${name}`, studyInstanceUid, state: 'DONE' },
  });
  const series = await prisma.series.findMany({ where: { studyId: study.studyId } });
  const findings = await prisma.finding.findMany({ where: { studyId: study.studyId }, select: { id: true } });
  const ids = [
    ...both('Study', study.studyId),
    ...series.flatMap(({ id }) => both('Series', id)),
    ...study.instances.flatMap(({ id, inferenceId }) => [...both('Instance', id), ...both('Inference', inferenceId)]),
    ...findings.flatMap(({ id }) => both('Finding', id)),
    ...both('DicomTransfer', transfer.id),
  ];
  const texts = [
    studyInstanceUid,
    accessionNumber,
    discrepancy.recorded,
    discrepancy.stated,
    `NODE-${name}`,
    ...series.map(({ seriesInstanceUid }) => seriesInstanceUid),
    ...study.instances.map(({ sopInstanceUid }) => sopInstanceUid),
  ];
  const ownMarks = [...ids, ...texts];
  const patientMarks = [...both('Patient', study.patientId), mrn, `MARK-NAME-${name}`];
  return {
    ...study,
    mrn,
    issuer,
    accessionNumber,
    findingId: findings[0]?.id ?? '',
    ownMarks,
    marks: [...ownMarks, ...patientMarks],
  };
}

const both = (type: Parameters<typeof toGlobalId>[0], id: string) => [id, toGlobalId(type, id)];

/** The marks that an answer holds, also those within cursors and ids. */
export function leaksIn(answer: unknown, marks: readonly string[]): string[] {
  const text = JSON.stringify(answer, (_key, value) => (typeof value === 'bigint' ? String(value) : value)) ?? '';
  const opaque = text.match(/[\w-]{12,}/g) ?? [];
  const decoded = opaque.map((token) => Buffer.from(token, 'base64url').toString('latin1')).join('\n');
  return marks.filter((mark) => text.includes(mark) || decoded.includes(mark));
}
