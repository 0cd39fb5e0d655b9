/** The DICOMweb client against Orthanc. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preferredClient } from '../../src/nodes/node-clients.ts';
import { clientOptions } from '../support/nodes.ts';
import { hasOrthanc, type Orthanc, startOrthanc } from '../support/peers/orthanc.ts';
import { freePort } from '../support/peers/programs.ts';
import { freshStudy, outgoing, phantomOf, settlements } from './films.ts';

const options = clientOptions();

describe.skipIf(!hasOrthanc)('Orthanc by DICOMweb (needs Orthanc with its DICOMweb plugin)', () => {
  let orthanc: Orthanc;
  const study = freshStudy({ studyDate: '20251231' });

  beforeAll(async () => {
    orthanc = await startOrthanc({ port: await freePort() });
  });

  afterAll(() => orthanc?.[Symbol.asyncDispose]());

  it('answers', async () => {
    await preferredClient(orthanc.dicomWeb, options).echo();
  });

  it('refuses without credentials', async () => {
    const { url } = orthanc.dicomWeb.dicomWeb;
    const client = preferredClient(
      { ...orthanc.dicomWeb, dicomWeb: { url, authorization: undefined, caFile: undefined } },
      options,
    );
    await expect(client.echo()).rejects.toMatchObject({
      code: 'DICOM_NODE_REFUSED',
      message: expect.stringContaining('401'),
    });
  });

  it('stores by STOW-RS, finds by QIDO-RS and gives by WADO-RS the same films', async () => {
    const client = preferredClient(orthanc.dicomWeb, options);
    const sent = [phantomOf(study), phantomOf(study)];
    const films = await outgoing(...sent);
    const stored = settlements();
    await client.sendFilms(films, stored.listener);
    expect(stored.told).toEqual(films.map((film) => [film.sopInstanceUid, undefined]));

    const { studies, more } = await client.findStudies({ patientId: study.patientId }, 10);
    expect(more).toBe(false);
    expect(studies).toMatchObject([
      {
        studyInstanceUid: study.studyInstanceUid,
        patientId: study.patientId,
        accessionNumber: study.accessionNumber,
        studyDate: expect.stringMatching(/^2025-12-31T/),
        modalities: ['DX'],
        numberOfInstances: 2,
      },
    ]);
    expect((await client.findStudies({ studyDate: { from: '2026-01-01' } }, 10)).studies).toEqual([]);

    const received: Buffer[] = [];
    const fetched = settlements();
    await client.fetchStudy(
      study.studyInstanceUid,
      async ({ bytes }) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of bytes) chunks.push(chunk);
        received.push(Buffer.concat(chunks));
      },
      fetched.listener,
    );
    expect(fetched.told).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    for (const film of sent) expect(received.some((bytes) => bytes.equals(film))).toBe(true);
  });

  it('gives nothing of a study that it does not have', async () => {
    const { told, listener } = settlements();
    await preferredClient(orthanc.dicomWeb, options).fetchStudy('1.2.3.4', async () => {}, listener);
    expect(told).toEqual([]);
  });

  it('answers by DIMSE as well', async () => {
    const client = preferredClient(orthanc.dimse, options);
    await client.echo();
    const { studies } = await client.findStudies({ patientId: study.patientId }, 10);
    expect(studies).toMatchObject([{ studyInstanceUid: study.studyInstanceUid, numberOfInstances: 2 }]);
    const { told, listener } = settlements();
    await client.fetchStudy(
      study.studyInstanceUid,
      async ({ bytes }) => {
        for await (const _ of bytes);
      },
      listener,
    );
    expect(told.map(([, code]) => code)).toEqual([undefined, undefined]);
  });
});
