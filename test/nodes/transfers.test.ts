/** Studies fetched from and sent to real archives by a real gateway. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DicomNode } from '../../src/dicom/network/node.ts';
import { preferredClient } from '../../src/nodes/node-clients.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { graphql, stow, subscribe } from '../support/client.ts';
import { clientOptions } from '../support/nodes.ts';
import { type DcmtkServer, hasDcmtk, startArchive } from '../support/peers/dcmtk.ts';
import { hasOrthanc, type Orthanc, startOrthanc } from '../support/peers/orthanc.ts';
import { freePort } from '../support/peers/programs.ts';
import { BY_TEST } from '../support/records.ts';
import { followed, sent, TRANSFER, type Transfer } from '../support/transfers.ts';
import { freshStudy, type PhantomStudy, phantomOf, storeAt } from './films.ts';

let gateway: TestApp;
let folder: string;
let orthanc: Orthanc | undefined;
let archive: DcmtkServer | undefined;
let mover: DcmtkServer | undefined;
let strange: Awaited<ReturnType<typeof startStrangeNode>>;
let latePort: number;
let doorPort: number;

/** A DICOMweb node that answers each retrieval with whatever film it was last given. */
async function startStrangeNode() {
  let film: Uint8Array = Buffer.alloc(0);
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'multipart/related; type="application/dicom"; boundary=edge' });
    response.end(Buffer.concat([Buffer.from('--edge\r\n\r\n'), film, Buffer.from('\r\n--edge--')]));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    give: (bytes: Uint8Array) => {
      film = bytes;
    },
    close: () => server.close(),
  };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cxr-transfers-'));
  [doorPort, latePort] = [await freePort(), await freePort()];
  const door = { port: doorPort };
  if (hasOrthanc) orthanc = await startOrthanc(door);
  if (hasDcmtk) {
    archive = await startArchive(door);
    mover = await startArchive(door, { aeTitle: 'MOVER' });
  }
  strange = await startStrangeNode();
  const dimse = (name: string, node: DicomNode | undefined, more: object = {}) =>
    node?.dimse === undefined
      ? []
      : [{ name, dimse: { aeTitle: node.dimse.aeTitle, host: '127.0.0.1', port: node.dimse.port, ...more } }];
  await writeFile(join(folder, 'orthanc.auth'), orthanc?.authorization ?? '');
  const web = orthanc && { url: orthanc.dicomWeb.dicomWeb.url, authorizationFile: 'orthanc.auth' };
  const nodes = [
    ...(web === undefined ? [] : [{ name: 'orthanc', dicomWeb: web }]),
    ...dimse('orthanc-dimse', orthanc?.dimse),
    ...dimse('archive', archive?.node),
    ...dimse('mover', mover?.node, { retrieve: 'move' }),
    { name: 'late', dimse: { aeTitle: 'LATE', host: '127.0.0.1', port: latePort } },
    { name: 'strange', dicomWeb: { url: strange.url } },
    { name: 'scanner', dimse: { aeTitle: 'SCANNER' } },
  ];
  await writeFile(join(folder, 'nodes.json'), JSON.stringify(nodes));
  gateway = await startTestApp({
    DICOM_NODES_FILE: join(folder, 'nodes.json'),
    DIMSE_PORT: String(doorPort),
    DICOM_TRANSFER_RETRY_DELAY_SECONDS: '0',
    DICOM_TRANSFER_MAX_ATTEMPTS: '100',
  });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  strange?.close();
  for (const peer of [orthanc, archive, mover]) await peer?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function requestRetrieval(node: string, study: string): Promise<{ transfer: Transfer; created: boolean }> {
  const { retrieveStudy } = await graphql<{ retrieveStudy: { transfer: Transfer; created: boolean } }>(
    gateway.url,
    `mutation($node: String!, $study: DicomUID!) {
      retrieveStudy(input: { node: $node, studyInstanceUid: $study }) { created transfer { ${TRANSFER} } }
    }`,
    { node, study },
  );
  return retrieveStudy;
}

async function retrieved(node: string, study: string): Promise<Transfer> {
  return followed(gateway.url, (await requestRetrieval(node, study)).transfer.id);
}

const LIVE = `subscription($after: String) { findingsCompleted(after: $after) {
  study { studyInstanceUid } findings { label probability } } }`;

interface Live {
  findingsCompleted: { study: { studyInstanceUid: string }; findings: { label: string }[] };
}

describe.skipIf(!hasOrthanc)('Orthanc by DICOMweb (needs Orthanc with its DICOMweb plugin)', () => {
  it('a stored film comes by retrieveStudy, is read, and its findings are pushed', async () => {
    if (orthanc === undefined) return;
    const study = freshStudy();
    await storeAt(orthanc.dicomWeb, phantomOf(study));
    await using live = await subscribe<Live>(gateway.url, LIVE);
    const { transfer, created } = await requestRetrieval('orthanc', study.studyInstanceUid);
    expect(created).toBe(true);
    const { findingsCompleted } = await live.next();
    expect(findingsCompleted.study.studyInstanceUid).toBe(study.studyInstanceUid);
    expect(findingsCompleted.findings).toHaveLength(14);
    expect(await followed(gateway.url, transfer.id)).toMatchObject({
      state: 'DONE',
      attempts: 1,
      completed: 1,
      failed: 0,
      error: null,
    });
  });

  it('fetching again makes no second film', async () => {
    if (orthanc === undefined) return;
    const study = freshStudy();
    await storeAt(orthanc.dicomWeb, phantomOf(study), phantomOf(study));
    const first = await retrieved('orthanc', study.studyInstanceUid);
    const second = await retrieved('orthanc', study.studyInstanceUid);
    expect(second.id).not.toBe(first.id);
    expect(second).toMatchObject({ state: 'DONE', completed: 2, failed: 0 });
    expect(second.study?.instances).toHaveLength(2);
  });

  it('a stored study goes there by sendStudy', async () => {
    if (orthanc === undefined) return;
    const study = freshStudy();
    await stow(gateway.url, [phantomOf(study), phantomOf(study)]);
    const transfer = await sent(gateway.url, 'orthanc', study.studyInstanceUid);
    expect(transfer).toMatchObject({ state: 'DONE', completed: 2, failed: 0 });
    const client = preferredClient(orthanc.dicomWeb, clientOptions());
    const { studies } = await client.findStudies({ studyInstanceUid: study.studyInstanceUid }, 5);
    expect(studies).toMatchObject([{ numberOfInstances: 2, patientId: study.patientId }]);
  });
});

describe.skipIf(!hasDcmtk)('an archive by DIMSE (needs DCMTK)', () => {
  it.each([
    ['C-GET', 'archive', null],
    ['C-MOVE', 'mover', 'MOVER'],
  ])('gives a study by %s', async (_, node, callingAeTitle) => {
    const study = freshStudy();
    const peer = node === 'archive' ? archive : mover;
    if (peer === undefined) return;
    await storeAt(peer.node, phantomOf(study), phantomOf(study), phantomOf(study));
    const transfer = await retrieved(node, study.studyInstanceUid);
    expect(transfer).toMatchObject({ state: 'DONE', completed: 3, failed: 0, error: null });
    expect(transfer.study?.instances).toHaveLength(3);
    const { prisma } = gateway.app.store;
    const instances = await prisma.instance.findMany({
      where: { series: { study: { studyInstanceUid: study.studyInstanceUid } } },
    });
    expect(instances.map((instance) => instance.callingAeTitle)).toEqual([
      callingAeTitle,
      callingAeTitle,
      callingAeTitle,
    ]);
  });

  it('that has no such study fails the transfer with NOT_FOUND, at once', async () => {
    const transfer = await retrieved('archive', freshStudy().studyInstanceUid);
    expect(transfer).toMatchObject({ state: 'FAILED', attempts: 1, error: { code: 'NOT_FOUND' }, study: null });
  });

  it('that is down is tried again until it is back', async () => {
    const study = freshStudy();
    const { transfer } = await requestRetrieval('late', study.studyInstanceUid);
    const waiting = await followed(gateway.url, transfer.id, ({ error }) => error !== null);
    expect(waiting).toMatchObject({ state: 'QUEUED', error: { code: 'DICOM_NODE_UNREACHABLE' } });
    await using late = await startArchive({ port: doorPort }, { aeTitle: 'LATE', port: latePort });
    await storeAt(late.node, phantomOf(study));
    // Between its start and the film it has no such study, which ends a transfer for good: ask again.
    const ended = await followed(gateway.url, transfer.id);
    const done = ended.state === 'DONE' ? ended : await retrieved('late', study.studyInstanceUid);
    expect(done).toMatchObject({ state: 'DONE', completed: 1 });
    expect(ended.attempts).toBeGreaterThan(1);
  });

  it('is looked through by remoteStudies', async () => {
    if (archive === undefined) return;
    const study = freshStudy({ studyDate: '20251231' });
    await storeAt(archive.node, phantomOf(study));
    const { remoteStudies } = await graphql<{ remoteStudies: { more: boolean; studies: object[] } }>(
      gateway.url,
      `query($patient: String) { remoteStudies(node: "archive", patientId: $patient, studyDate: { from: "2025-12-31" }) {
        more studies { studyInstanceUid studyDate patientId modalities } } }`,
      { patient: study.patientId },
    );
    expect(remoteStudies).toMatchObject({
      more: false,
      studies: [{ studyInstanceUid: study.studyInstanceUid, patientId: study.patientId }],
    });
  });

  it('answers echoDicomNode; one that is down says so as data', async () => {
    const { up, down } = await graphql<Record<'up' | 'down', { echoes: { protocol: string; error: object | null }[] }>>(
      gateway.url,
      `mutation {
        up: echoDicomNode(node: "archive") { echoes { protocol milliseconds error { code } } }
        down: echoDicomNode(node: "late") { echoes { protocol error { code retryable } } }
      }`,
    );
    expect(up.echoes).toMatchObject([{ protocol: 'DIMSE', error: null }]);
    expect(down.echoes).toEqual([{ protocol: 'DIMSE', error: { code: 'DICOM_NODE_UNREACHABLE', retryable: true } }]);
  });
});

describe.each([
  ['Orthanc by DICOMweb (needs Orthanc with its DICOMweb plugin)', 'orthanc', hasOrthanc],
  ['Orthanc by DIMSE (needs Orthanc with its DICOMweb plugin)', 'orthanc-dimse', hasOrthanc],
  ['an archive by DIMSE (needs DCMTK)', 'archive', hasDcmtk],
])('retrievePriorStudies from %s', (_, node, isThere) => {
  it.skipIf(!isThere)('fetches the latest earlier chest radiographs of the patient, and of nobody else', async () => {
    const peer = node === 'archive' ? archive?.node : orthanc?.dicomWeb;
    if (peer === undefined) return;
    const patient = { patientId: freshStudy().patientId };
    const [y2020, y2022, y2024, y2026] = ['2020', '2022', '2024', '2026'].map((year) =>
      freshStudy({ ...patient, studyDate: `${year}0101` }),
    ) as [PhantomStudy, PhantomStudy, PhantomStudy, PhantomStudy];
    const ct = freshStudy({ ...patient, studyDate: '20230101' });
    const hand = freshStudy({ ...patient, studyDate: '20230601' });
    const stranger = freshStudy({ studyDate: '20210101' });
    await storeAt(
      peer,
      ...[y2020, y2022, y2024, stranger].map((study) => phantomOf(study)),
      phantomOf(ct, { elements: { '00080060': ['CS', 'CT'] } }),
      // dcmqrscp does not say which part of the body a series shows.
      ...(node === 'archive' ? [] : [phantomOf(hand, { elements: { '00180015': ['CS', 'HAND'] } })]),
    );
    await stow(gateway.url, [phantomOf(y2026)]);
    const { study } = await graphql<{ study: { patient: { id: string } } }>(
      gateway.url,
      'query($uid: DicomUID!) { study(studyInstanceUid: $uid) { patient { id } } }',
      { uid: y2026.studyInstanceUid },
    );
    const { retrievePriorStudies } = await graphql<{
      retrievePriorStudies: { transfers: (Transfer & { studyInstanceUid: string })[] };
    }>(
      gateway.url,
      `mutation($node: String!, $patient: ID!) {
        retrievePriorStudies(input: { node: $node, patientId: $patient, before: "2026-01-01", first: 2 }) {
          transfers { studyInstanceUid ${TRANSFER} }
        }
      }`,
      { node, patient: study.patient.id },
    );
    const { transfers } = retrievePriorStudies;
    expect(transfers.map((one) => one.studyInstanceUid)).toEqual([y2024.studyInstanceUid, y2022.studyInstanceUid]);
    for (const { id } of transfers) expect((await followed(gateway.url, id)).state).toBe('DONE');
    const { patient: known } = await graphql<{ patient: { studies: object[] } }>(
      gateway.url,
      'query($id: ID!) { patient(id: $id) { studies { studyInstanceUid } } }',
      { id: study.patient.id },
    );
    expect(known.studies).toHaveLength(3);
  });
});

describe('a node that sends what was not asked for', () => {
  it('has its film of another study refused', async () => {
    const [asked, other] = [freshStudy(), freshStudy()];
    strange.give(phantomOf(other));
    const transfer = await retrieved('strange', asked.studyInstanceUid);
    expect(transfer).toMatchObject({ state: 'FAILED', completed: 0, failed: 1, error: { code: 'STUDY_MISMATCH' } });
    const { study } = await graphql<{ study: object | null }>(
      gateway.url,
      'query($uid: DicomUID!) { study(studyInstanceUid: $uid) { id } }',
      { uid: other.studyInstanceUid },
    );
    expect(study).toBeNull();
  });

  it('is named by the record of a film that is taken from it', async () => {
    const study = freshStudy();
    strange.give(phantomOf(study));
    expect(await retrieved('strange', study.studyInstanceUid)).toMatchObject({ state: 'DONE', completed: 1 });
    const { prisma } = gateway.app.store;
    const { id } = await prisma.study.findUniqueOrThrow({ where: { studyInstanceUid: study.studyInstanceUid } });
    const rows = await prisma.auditRecord.findMany({ where: { operation: 'transfer', studyIds: { has: id } } });
    expect(rows.map(({ action, details }) => [action, JSON.parse(details ?? '')])).toContainEqual([
      'CREATE',
      { node: 'strange' },
    ]);
  });

  it('has what is no DICOM refused', async () => {
    strange.give(Buffer.from('<html>'));
    const transfer = await retrieved('strange', freshStudy().studyInstanceUid);
    expect(transfer).toMatchObject({ state: 'FAILED', failed: 1, error: { code: 'NOT_DICOM' } });
  });
});

describe('the metrics of transfers', () => {
  /** Values of the lines that begin with the name and have all the labels. */
  async function measured(name: string, ...labels: string[]): Promise<number> {
    const text = await (await fetch(`${gateway.url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`));
    const matching = lines.filter((line) => labels.every((label) => line.includes(label)));
    return matching.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }
  const attempts = (...labels: string[]) =>
    measured('cxr_gateway_transfer_attempts_total', 'kind="RETRIEVE"', 'node="strange"', ...labels);
  const films = (outcome: string) =>
    measured('cxr_gateway_transfer_films_total', 'kind="RETRIEVE"', `outcome="${outcome}"`);
  const bytes = () => measured('cxr_gateway_transfer_bytes_total', 'kind="RETRIEVE"');

  it('count attempts by outcome and code, films and bytes', async () => {
    const counts = () =>
      Promise.all([
        attempts('outcome="done"', 'code=""'),
        attempts('outcome="failed"', 'code="STUDY_MISMATCH"'),
        films('completed'),
        films('failed'),
        bytes(),
      ]);
    const before = await counts();
    const [mine, other] = [freshStudy(), freshStudy()];
    const film = phantomOf(mine);
    strange.give(film);
    expect(await retrieved('strange', mine.studyInstanceUid)).toMatchObject({ state: 'DONE' });
    expect(await retrieved('strange', other.studyInstanceUid)).toMatchObject({ state: 'FAILED' });
    const after = await counts();
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([1, 1, 1, 1, 2 * film.byteLength]);
  });

  it('count what waits and what is under way', async () => {
    const waiting = () => measured('cxr_gateway_transfers', 'state="waiting"');
    const active = () => measured('cxr_gateway_transfers', 'state="active"');
    const before = (await waiting()) + (await active());
    const { transferId } = await gateway.app.store.dicomTransfers.request(
      { kind: 'SEND', node: 'known-elsewhere', studyInstanceUid: freshStudy().studyInstanceUid },
      BY_TEST,
    );
    expect((await waiting()) + (await active())).toBe(before + 1);
    await gateway.app.store.prisma.dicomTransfer.delete({ where: { id: transferId } });
    expect((await waiting()) + (await active())).toBe(before);
  });
});

describe('the nodes in the API', () => {
  it('are listed without their credentials', async () => {
    const { dicomNodes } = await graphql<{ dicomNodes: { name: string }[] }>(
      gateway.url,
      '{ dicomNodes { name dicomWebUrl dimse { aeTitle host port tls retrieve } } }',
    );
    expect(dicomNodes).toContainEqual({
      name: 'scanner',
      dicomWebUrl: null,
      dimse: { aeTitle: 'SCANNER', host: null, port: 104, tls: false, retrieve: 'get' },
    });
    expect(JSON.stringify(dicomNodes)).not.toContain('Basic');
  });

  it.each([
    ['unknown', 'mutation { retrieveStudy(input: { node: "nowhere", studyInstanceUid: "1.2.3" }) { created } }'],
    [
      'one that only sends',
      'mutation { retrieveStudy(input: { node: "scanner", studyInstanceUid: "1.2.3" }) { created } }',
    ],
  ])('that are %s are DICOM_NODE_UNKNOWN', async (_, operation) => {
    await expect(graphql(gateway.url, operation)).rejects.toThrow('DICOM_NODE_UNKNOWN');
  });

  it('are not searched without a condition', async () => {
    await expect(graphql(gateway.url, '{ remoteStudies(node: "strange") { more } }')).rejects.toThrow('BAD_REQUEST');
  });

  it('have transfers in pages', async () => {
    const { dicomTransfers } = await graphql<{ dicomTransfers: { nodes: { node: string }[]; totalCount: number } }>(
      gateway.url,
      '{ dicomTransfers(first: 1, filter: { node: "strange", states: [FAILED] }) { nodes { node } totalCount } }',
    );
    expect(dicomTransfers.nodes).toEqual([{ node: 'strange' }]);
    expect(dicomTransfers.totalCount).toBeGreaterThanOrEqual(2);
  });
});
