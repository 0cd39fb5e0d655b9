/** Two assigning authorities' patients, with marks that no argument holds: where one is seen, a record is shown. */

import type { Store } from '../../src/store/store.ts';
import { seedStudy } from '../../test/resolvers/seed.ts';
import type { Pool } from './generate.ts';

/** Whose patients the restricted identities may see. */
export const GRANTED = 'ALPHA-HOSPITAL';
const FOREIGN = 'BETA-HOSPITAL';
/** In names, numbers and accession numbers of the others. */
export const FOREIGN_MARK = 'ZQFOREIGN';

const STUDIES_OF_EACH = 6;

/** What was seeded. */
export interface SeededRecords {
  readonly pool: Pool;
  /** Ids and UIDs of the others' records; in the data of an answer to a restricted identity they are a leak. */
  readonly foreign: readonly string[];
}

/** Writes the records. */
export async function seedRecords(store: Store): Promise<SeededRecords> {
  const modelVersion = await store.modelVersions.active();
  if (modelVersion === null) throw new Error('no model version is active');
  const ids: string[] = [globalId('ModelVersion', modelVersion.id)];
  const uids: string[] = [];
  const texts = ['chexnet', 'nowhere', 'Effusion', 'TREAT', GRANTED, FOREIGN, 'because', '*'];
  const foreign: string[] = [];
  for (const issuer of [GRANTED, FOREIGN]) {
    for (let index = 0; index < STUDIES_OF_EACH; index += 1) {
      const mark = issuer === FOREIGN ? FOREIGN_MARK : 'ZQOWN';
      const seeded = await seedStudy(store, {
        modelVersionId: modelVersion.id,
        accessionNumber: `${mark}${index}`,
        studyDate: new Date(Date.UTC(2026, 0, 1 + index)),
        patient: { issuer, mrn: `${mark}-M${index}`, name: `${mark}^NAME${index}` },
        films: 2,
      });
      const own = [
        globalId('Patient', seeded.patientId),
        globalId('Study', seeded.studyId),
        globalId('Series', seeded.seriesId),
        ...seeded.instances.flatMap(({ id, inferenceId }) => [
          globalId('Instance', id),
          globalId('Inference', inferenceId),
        ]),
      ];
      const ownUids = [seeded.studyInstanceUid, ...seeded.instances.map(({ sopInstanceUid }) => sopInstanceUid)];
      ids.push(...own);
      uids.push(...ownUids);
      if (issuer === FOREIGN) foreign.push(...own, ...ownUids);
      else texts.push(`${mark}${index}`, `${mark}-M${index}`, mark);
    }
  }
  return { pool: { ids, uids, texts }, foreign };
}

const globalId = (type: string, id: string): string => Buffer.from(`${type}:${id}`).toString('base64url');
