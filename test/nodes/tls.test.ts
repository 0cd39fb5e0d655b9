/** Both clients over TLS, against servers of other makers. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { FilmReceiver } from '../../src/nodes/node-client.ts';
import { preferredClient } from '../../src/nodes/node-clients.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../support/certificate.ts';
import { clientOptions, dimseNode } from '../support/nodes.ts';
import { hasDcmtk, startStoreScp } from '../support/peers/dcmtk.ts';
import { hasOrthanc, startOrthanc } from '../support/peers/orthanc.ts';
import { freePort } from '../support/peers/programs.ts';
import { freshStudy, outgoing, phantomOf, settlements } from './films.ts';

const options = clientOptions({ DIMSE_IDLE_TIMEOUT_MS: '10000', DIMSE_ARTIM_MS: '3000' });
let folder: string;
let certificate: Certificate;
let other: Certificate;

beforeAll(async () => {
  if (!hasOpenssl) return;
  folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-tls-'));
  [certificate, other] = [await makeCertificate(folder, 'archive'), await makeCertificate(folder, 'stranger')];
});
afterAll(async () => {
  if (hasOpenssl) await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!hasOpenssl || !hasDcmtk)('storescp over TLS (needs DCMTK and openssl)', () => {
  it('takes films from whoever trusts its certificate, and is not spoken to by others', async () => {
    const tls = ['+tls', certificate.key, certificate.cert, '--ignore-peer-cert', '--bit-preserving'];
    await using server = await startStoreScp(tls);
    const { port = 0 } = server.node.dimse ?? {};
    const node = (caFile: string | undefined, isTls = true) =>
      preferredClient(dimseNode('archive', { aeTitle: 'STORESCP', port, tls: isTls, caFile }), options);
    await node(certificate.cert).echo();
    const { told, listener } = settlements();
    const [film] = await outgoing(phantomOf(freshStudy()));
    if (film === undefined) throw new Error('no film');
    await node(certificate.cert).sendFilms([film], listener);
    expect(told).toEqual([[film.sopInstanceUid, undefined]]);
    const [stored] = await server.files();
    const dataSet = (await readFile(film.path)).subarray(film.dataSetStart);
    expect((await readFile(stored ?? '')).subarray(-dataSet.length).equals(dataSet)).toBe(true);
    for (const client of [node(other.cert), node(undefined), node(certificate.cert, false)]) {
      await expect(client.echo()).rejects.toMatchObject({ code: /^DICOM_NODE_(UNREACHABLE|FAILED)$/ });
    }
  });
});

describe.skipIf(!hasOpenssl || !hasOrthanc)('Orthanc behind a TLS proxy (needs Orthanc and openssl)', () => {
  it('takes and gives films by DICOMweb to whoever trusts its certificate', async () => {
    await using orthanc = await startOrthanc({ port: await freePort() });
    const url = await secured(orthanc.dicomWeb.dicomWeb.url);
    const node = (caFile: string | undefined) =>
      preferredClient({ ...orthanc.dicomWeb, dicomWeb: { ...orthanc.dicomWeb.dicomWeb, url, caFile } }, options);
    const client = node(certificate.cert);
    const study = freshStudy();
    const { told, listener } = settlements();
    const [film] = await outgoing(phantomOf(study));
    if (film === undefined) throw new Error('no film');
    await client.sendFilms([film], listener);
    expect(told).toEqual([[film.sopInstanceUid, undefined]]);
    const { studies } = await client.findStudies({ patientId: study.patientId }, 10);
    expect(studies).toMatchObject([{ studyInstanceUid: study.studyInstanceUid }]);
    const received: Buffer[] = [];
    const receive: FilmReceiver = async ({ bytes }) => {
      for await (const chunk of bytes) received.push(Buffer.from(chunk));
    };
    await client.fetchStudy(study.studyInstanceUid, receive, listener);
    expect(told[1]?.[1]).toBeUndefined();
    expect(Buffer.concat(received).byteLength).toBeGreaterThan(1000);
    for (const stranger of [node(other.cert), node(undefined)]) {
      await expect(stranger.echo()).rejects.toMatchObject({ code: 'DICOM_NODE_UNREACHABLE' });
    }
  });
});

/** The address of a TLS server that passes everything on; Debian's Orthanc dies of its first https request itself. */
async function secured(address: string): Promise<string> {
  const { port, pathname } = new URL(address);
  const files = { cert: await readFile(certificate.cert), key: await readFile(certificate.key) };
  const server = createServer(files, (outside) => {
    const inside = connect(Number(port), '127.0.0.1');
    for (const socket of [outside, inside]) socket.on('error', () => [outside, inside].map((each) => each.destroy()));
    outside.pipe(inside).pipe(outside);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`;
}
