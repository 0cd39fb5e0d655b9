/** The DIMSE client against DCMTK. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeFileMeta } from '../../src/dicom/part10-writer.ts';
import { IMPLICIT_VR_LITTLE_ENDIAN, JPEG_2000_LOSSLESS } from '../../src/dicom/transfer-syntaxes.ts';
import { preferredClient } from '../../src/nodes/node-clients.ts';
import { clientOptions, dimseNode } from '../support/nodes.ts';
import { type DcmtkServer, hasDcmtk, startArchive, startStoreScp } from '../support/peers/dcmtk.ts';
import { freePort } from '../support/peers/programs.ts';
import { freshStudy, outgoing, phantomOf, settlements, storeAt } from './films.ts';

const options = clientOptions({ DIMSE_IDLE_TIMEOUT_MS: '10000', DIMSE_ARTIM_MS: '3000' });

describe('a node that is away', () => {
  it('is DICOM_NODE_UNREACHABLE', async () => {
    const client = preferredClient(dimseNode('gone', { aeTitle: 'GONE', port: await freePort() }), options);
    await expect(client.echo()).rejects.toMatchObject({ code: 'DICOM_NODE_UNREACHABLE' });
  });
});

describe.skipIf(!hasDcmtk)('storescp (needs DCMTK)', () => {
  it('answers C-ECHO', async () => {
    await using server = await startStoreScp();
    await preferredClient(server.node, options).echo();
  });

  it('takes several films on one association, byte for byte', async () => {
    await using server = await startStoreScp(['--bit-preserving', '+xa']);
    const study = freshStudy();
    const films = await outgoing(
      phantomOf(study),
      phantomOf(study),
      phantomOf(study, { transferSyntaxUid: IMPLICIT_VR_LITTLE_ENDIAN }),
    );
    const { told, listener } = settlements();
    await preferredClient(server.node, options).sendFilms(films, listener);
    expect(told).toEqual(films.map((film) => [film.sopInstanceUid, undefined]));
    const files = await server.files();
    expect(files).toHaveLength(3);
    const sent = await Promise.all(films.map(async (film) => (await readFile(film.path)).subarray(film.dataSetStart)));
    const kept = await Promise.all(files.map((path) => readFile(path)));
    for (const dataSet of sent) expect(kept.some((file) => file.subarray(-dataSet.length).equals(dataSet))).toBe(true);
  });

  it('takes what it accepts; a film in another transfer syntax is refused by name and stops no other', async () => {
    await using server = await startStoreScp(); // uncompressed syntaxes alone
    const study = freshStudy();
    const [plain, compressed] = await outgoing(phantomOf(study), compressedPhantom(study));
    if (plain === undefined || compressed === undefined) throw new Error('no films');
    const { told, listener } = settlements();
    await preferredClient(server.node, options).sendFilms([compressed, plain], listener);
    expect(told).toContainEqual([compressed.sopInstanceUid, 'DICOM_NODE_REFUSED']);
    expect(told).toContainEqual([plain.sopInstanceUid, undefined]);
    expect(await server.files()).toHaveLength(1);
  });

  it('that breaks off within a film fails that film; at two in a row it fails the whole', async () => {
    await using server = await startStoreScp(['--abort-during']);
    const client = preferredClient(server.node, options);
    const study = freshStudy();
    const one = settlements();
    const [first, second] = await outgoing(phantomOf(study), phantomOf(study));
    if (first === undefined || second === undefined) throw new Error('no films');
    await client.sendFilms([first], one.listener);
    expect(one.told).toEqual([[first.sopInstanceUid, 'DICOM_NODE_FAILED']]);
    const two = settlements();
    await expect(client.sendFilms([first, second], two.listener)).rejects.toMatchObject({ code: 'DICOM_NODE_FAILED' });
  });

  it('that rejects the association is DICOM_ASSOCIATION_REJECTED', async () => {
    await using server = await startStoreScp(['--refuse']);
    await expect(preferredClient(server.node, options).echo()).rejects.toMatchObject({
      code: 'DICOM_ASSOCIATION_REJECTED',
    });
  });
});

describe.skipIf(!hasDcmtk)('dcmqrscp (needs DCMTK)', () => {
  let archive: DcmtkServer;
  const study = freshStudy({ studyDate: '20251231' });
  const older = freshStudy({ patientId: study.patientId, studyDate: '20240101' });

  beforeAll(async () => {
    archive = await startArchive({ port: await freePort() });
    await storeAt(archive.node, phantomOf(study), phantomOf(study), phantomOf(older));
  });

  afterAll(() => archive?.[Symbol.asyncDispose]());

  it('finds studies by patient, date and accession number', async () => {
    const client = preferredClient(archive.node, options);
    const byPatient = await client.findStudies({ patientId: study.patientId }, 10);
    expect(byPatient.more).toBe(false);
    expect(byPatient.studies.map((one) => one.studyInstanceUid).sort()).toEqual(
      [study.studyInstanceUid, older.studyInstanceUid].sort(),
    );
    const byDate = await client.findStudies({ patientId: study.patientId, studyDate: { from: '2025-01-01' } }, 10);
    expect(byDate.studies).toMatchObject([
      {
        studyInstanceUid: study.studyInstanceUid,
        patientId: study.patientId,
        accessionNumber: study.accessionNumber,
        studyDate: expect.stringMatching(/^2025-12-31T/),
      },
    ]);
    const byAccession = await client.findStudies({ accessionNumber: older.accessionNumber }, 10);
    expect(byAccession.studies.map((one) => one.studyInstanceUid)).toEqual([older.studyInstanceUid]);
    expect((await client.findStudies({ patientId: 'NOBODY' }, 10)).studies).toEqual([]);
  });

  it('is cancelled once there are more than wanted', async () => {
    const { studies, more } = await preferredClient(archive.node, options).findStudies(
      { patientId: study.patientId },
      1,
    );
    expect(studies).toHaveLength(1);
    expect(more).toBe(true);
  });

  it('gives a study by C-GET', async () => {
    const received: Buffer[] = [];
    const { told, listener } = settlements();
    await preferredClient(archive.node, options).fetchStudy(
      study.studyInstanceUid,
      async ({ bytes }) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of bytes) chunks.push(chunk);
        received.push(Buffer.concat(chunks));
      },
      listener,
    );
    expect(told).toHaveLength(2);
    expect(told.every(([, code]) => code === undefined)).toBe(true);
    for (const film of received) expect(film.toString('latin1', 128, 132)).toBe('DICM');
  });

  it('goes on after a film that was refused', async () => {
    let films = 0;
    const { told, listener } = settlements();
    await preferredClient(archive.node, options).fetchStudy(
      study.studyInstanceUid,
      async ({ bytes }) => {
        films += 1;
        if (films === 1) throw new Error('unread');
        for await (const _ of bytes);
      },
      listener,
    );
    expect(told.map(([, code]) => code)).toEqual(['INTERNAL', undefined]);
  });

  it('gives nothing of a study that it does not have', async () => {
    const { told, listener } = settlements();
    await preferredClient(archive.node, options).fetchStudy('1.2.3.4', async () => {}, listener);
    expect(told).toEqual([]);
  });

  it('refuses C-MOVE to a destination that it does not know', async () => {
    const node = dimseNode('archive', { aeTitle: 'ARCHIVE', port: archive.node.dimse?.port ?? 0, retrieve: 'move' });
    const client = preferredClient(node, clientOptions({ DIMSE_AE_TITLE: 'STRANGER' }));
    await expect(client.moveStudy?.(study.studyInstanceUid, () => {})).rejects.toMatchObject({
      code: 'DICOM_NODE_REFUSED',
      message: expect.stringContaining('A801'),
    });
  });
});

/** Says JPEG 2000 in its meta information; a receiver that does not accept the syntax never looks further. */
function compressedPhantom(study: Parameters<typeof phantomOf>[0]): Uint8Array {
  const film = Buffer.from(phantomOf(study));
  const uid = '2.25.4711';
  const sopClassUid = '1.2.840.10008.5.1.4.1.1.1.1';
  return Buffer.concat([
    writeFileMeta({ sopClassUid, sopInstanceUid: uid, transferSyntaxUid: JPEG_2000_LOSSLESS }),
    film.subarray(400),
  ]);
}
