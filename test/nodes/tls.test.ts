/** Both clients over TLS, against servers of other makers: DCMTK's storescp, and Orthanc. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer as createPlainServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { DicomNode, DicomWebAddress, DimseAddress } from '../../src/dicom/network/node.ts';
import type { FilmReceiver, NodeClient } from '../../src/nodes/node-client.ts';
import { preferredClient } from '../../src/nodes/node-clients.ts';
import { type Certificate, hasOpenssl, issueCertificate, makeCertificate } from '../support/certificate.ts';
import { clientOptions, dimseNode } from '../support/nodes.ts';
import { hasDcmtk, startStoreScp } from '../support/peers/dcmtk.ts';
import { hasOrthanc, type Orthanc, startOrthanc } from '../support/peers/orthanc.ts';
import { freePort } from '../support/peers/programs.ts';
import { freshStudy, outgoing, phantomOf, settlements } from './films.ts';

const ARTIM_MS = 2000;
const TIMES = { DIMSE_IDLE_TIMEOUT_MS: '2000', DIMSE_ARTIM_MS: String(ARTIM_MS) };
/** No refusal takes longer than this: the deadline, and what a busy machine adds. */
const LONGEST_MS = ARTIM_MS + 1500;

let folder: string;
/** Signs what belongs to the hospital. */
let authority: Certificate;
let otherAuthority: Certificate;
let archive: Certificate;
let expired: Certificate;
let gateway: Certificate;
let expiredGateway: Certificate;
let stranger: Certificate;

beforeAll(async () => {
  if (!hasOpenssl) return;
  folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-tls-'));
  authority = await makeCertificate(folder, 'authority');
  otherAuthority = await makeCertificate(folder, 'other-authority');
  archive = await issueCertificate(folder, authority, 'archive');
  expired = await issueCertificate(folder, authority, 'expired', { days: -1 });
  gateway = await issueCertificate(folder, authority, 'gateway');
  expiredGateway = await issueCertificate(folder, authority, 'expired-gateway', { days: -1 });
  stranger = await issueCertificate(folder, otherAuthority, 'stranger');
});
afterAll(async () => {
  if (hasOpenssl) await rm(folder, { recursive: true, force: true });
});

/** Settings of a gateway that shows this certificate. */
const showing = (own: Certificate | undefined) =>
  own === undefined ? TIMES : { ...TIMES, DIMSE_TLS_CERT_FILE: own.cert, DIMSE_TLS_KEY_FILE: own.key };

function clientOf(node: DicomNode, own?: Certificate): NodeClient {
  return preferredClient(node, clientOptions(showing(own)));
}

/** The code and the message of a refusal, which must come in time. */
async function refusal(client: NodeClient): Promise<{ code: string; message: string }> {
  const began = performance.now();
  const error: unknown = await client.echo().then(
    () => new Error('it was spoken to'),
    (reason: unknown) => reason,
  );
  expect(performance.now() - began).toBeLessThan(LONGEST_MS);
  if (!(error instanceof Error && 'code' in error)) throw error;
  return { code: String(error.code), message: error.message };
}

const unreachable = (words: RegExp) => ({
  code: 'DICOM_NODE_UNREACHABLE',
  message: expect.stringMatching(words) as string,
});

/** What each peer must be refused for, and how the operator learns of it. */
const STRANGE_AUTHORITY = unreachable(/not of an authority that the gateway trusts/);
const EXPIRED = unreachable(/certificate has expired \(CERT_HAS_EXPIRED\)/);
const OTHER_NAME = unreachable(/certificate is for another host name/);
// An alert may be lost with the connection that it ends; the answer then names the certificate as what may be wrong.
const ASKS_FOR_OURS = unreachable(/(asks for a|miss or do not trust the) certificate of the gateway/);
const TRUSTS_NOT_OURS = unreachable(/do(es)? not trust the certificate of the gateway/);
const OURS_EXPIRED = unreachable(/not trust the certificate of the gateway|certificate of the gateway .* has expired/);

async function sendFilm(client: NodeClient) {
  const study = freshStudy();
  const { told, listener } = settlements();
  const [film] = await outgoing(phantomOf(study));
  if (film === undefined) throw new Error('no film');
  await client.sendFilms([film], listener);
  expect(told).toEqual([[film.sopInstanceUid, undefined]]);
  return { study, film };
}

/** The bytes of every film of a study. */
async function fetchFilms(client: NodeClient, studyInstanceUid: string): Promise<Buffer> {
  const { told, listener } = settlements();
  const received: Buffer[] = [];
  const receive: FilmReceiver = async ({ bytes }) => {
    for await (const chunk of bytes) received.push(Buffer.from(chunk));
  };
  await client.fetchStudy(studyInstanceUid, receive, listener);
  expect(told.map(([, code]) => code)).toEqual([undefined]);
  return Buffer.concat(received);
}

/** A server that is closed when the test ends; returns its port. */
async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe.skipIf(!hasOpenssl || !hasDcmtk)('storescp over TLS (needs DCMTK and openssl)', () => {
  const start = (own: Certificate, ...args: string[]) => startStoreScp(['+tls', own.key, own.cert, ...args]);
  const node = (port: number | undefined, address: Partial<DimseAddress> = {}) =>
    dimseNode('archive', {
      aeTitle: 'STORESCP',
      port: port ?? 0,
      tls: true,
      caFile: authority.cert,
      ...address,
    });

  it('takes films from whoever trusts its certificate, and is not spoken to by others', async () => {
    await using server = await start(archive, '--ignore-peer-cert', '--bit-preserving');
    const port = server.node.dimse?.port;
    await clientOf(node(port)).echo();
    const { film } = await sendFilm(clientOf(node(port)));
    const [stored] = await server.files();
    const dataSet = (await readFile(film.path)).subarray(film.dataSetStart);
    expect((await readFile(stored ?? '')).subarray(-dataSet.length).equals(dataSet)).toBe(true);
    expect(await refusal(clientOf(node(port, { caFile: otherAuthority.cert })))).toEqual(STRANGE_AUTHORITY);
    expect(await refusal(clientOf(node(port, { caFile: undefined })))).toEqual(STRANGE_AUTHORITY);
    expect(await refusal(clientOf(node(port, { host: 'localhost' })))).toEqual(OTHER_NAME);
    expect((await refusal(clientOf(node(port, { tls: false })))).code).toBe('DICOM_NODE_UNREACHABLE');
    await clientOf(node(port)).echo();
  });

  it('with an expired certificate is not spoken to', async () => {
    await using server = await start(expired, '--ignore-peer-cert');
    expect(await refusal(clientOf(node(server.node.dimse?.port)))).toEqual(EXPIRED);
  });

  it('that asks for a certificate is shown the one of the DICOM door', async () => {
    await using server = await start(archive, '--require-peer-cert', '--add-cert-file', authority.cert);
    const port = server.node.dimse?.port;
    await sendFilm(clientOf(node(port), gateway));
    expect(await refusal(clientOf(node(port)))).toEqual(ASKS_FOR_OURS);
    expect(await refusal(clientOf(node(port), stranger))).toEqual(TRUSTS_NOT_OURS);
    expect(await refusal(clientOf(node(port), expiredGateway))).toEqual(OURS_EXPIRED);
  });

  it('without TLS is not spoken to where TLS is wanted', async () => {
    await using server = await startStoreScp();
    expect(await refusal(clientOf(node(server.node.dimse?.port)))).toMatchObject({ code: 'DICOM_NODE_UNREACHABLE' });
  });
});

describe.skipIf(!hasOpenssl || !hasOrthanc)('Orthanc over DICOM TLS (needs Orthanc and openssl)', () => {
  let orthanc: Orthanc | undefined;

  beforeAll(async () => {
    orthanc = await startOrthanc(
      { port: await freePort() },
      {
        DicomTlsEnabled: true,
        DicomTlsCertificate: archive.cert,
        DicomTlsPrivateKey: archive.key,
        DicomTlsTrustedCertificates: authority.cert,
        DicomTlsRemoteCertificateRequired: true,
      },
    );
  });
  afterAll(() => orthanc?.[Symbol.asyncDispose]());

  const node = (address: Partial<DimseAddress> = {}) =>
    dimseNode('orthanc', {
      aeTitle: 'ORTHANC',
      port: orthanc?.dimse.dimse?.port ?? 0,
      tls: true,
      caFile: authority.cert,
      ...address,
    });

  it('takes, finds and gives films', async () => {
    const client = clientOf(node(), gateway);
    await client.echo();
    const { study, film } = await sendFilm(client);
    const { studies } = await client.findStudies({ patientId: study.patientId }, 10);
    expect(studies).toMatchObject([{ studyInstanceUid: study.studyInstanceUid }]);
    const dataSet = (await readFile(film.path)).subarray(film.dataSetStart);
    // Orthanc may write the data set anew; the pixels at its end are the same.
    const received = await fetchFilms(client, study.studyInstanceUid);
    expect(received.includes(dataSet.subarray(-60_000))).toBe(true);
  });

  it('is refused, and refuses, with a reason', async () => {
    const refusals = {
      authority: await refusal(clientOf(node({ caFile: otherAuthority.cert }), gateway)),
      name: await refusal(clientOf(node({ host: 'localhost' }), gateway)),
      noCertificate: await refusal(clientOf(node())),
      otherCertificate: await refusal(clientOf(node(), stranger)),
      plain: await refusal(clientOf(node({ tls: false }))),
    };
    expect(refusals).toEqual({
      authority: STRANGE_AUTHORITY,
      name: OTHER_NAME,
      noCertificate: ASKS_FOR_OURS,
      otherCertificate: TRUSTS_NOT_OURS,
      plain: { code: 'DICOM_NODE_UNREACHABLE', message: expect.any(String) },
    });
    await clientOf(node(), gateway).echo();
  });
});

describe.skipIf(!hasOpenssl || !hasOrthanc)('Orthanc behind a TLS proxy (needs Orthanc and openssl)', () => {
  let orthanc: Orthanc | undefined;

  beforeAll(async () => {
    orthanc = await startOrthanc({ port: await freePort() });
  });
  afterAll(() => orthanc?.[Symbol.asyncDispose]());

  const web = (url: string, address: Partial<DicomWebAddress> = {}): DicomNode => ({
    name: 'orthanc',
    dimse: undefined,
    dicomWeb: { url, authorization: orthanc?.authorization, caFile: authority.cert, ...address },
  });

  /** Debian's Orthanc dies of its first https request, so TLS ends in front of it, as behind a reverse proxy. */
  async function secured(own: Certificate, ca?: Certificate): Promise<string> {
    const { port, pathname } = new URL(orthanc?.dicomWeb.dicomWeb.url ?? '');
    const asked = ca === undefined ? {} : { ca: await readFile(ca.cert), requestCert: true };
    const files = { cert: await readFile(own.cert), key: await readFile(own.key), ...asked };
    const server = createServer(files, (outside) => {
      const inside = connect(Number(port), '127.0.0.1');
      for (const socket of [outside, inside]) socket.on('error', () => [outside, inside].map((each) => each.destroy()));
      outside.pipe(inside).pipe(outside);
    });
    return `https://127.0.0.1:${await listen(server)}${pathname}`;
  }

  it('takes and gives films by DICOMweb to whoever trusts its certificate', async () => {
    const url = await secured(archive);
    const client = clientOf(web(url));
    const { study } = await sendFilm(client);
    const { studies } = await client.findStudies({ patientId: study.patientId }, 10);
    expect(studies).toMatchObject([{ studyInstanceUid: study.studyInstanceUid }]);
    expect((await fetchFilms(client, study.studyInstanceUid)).byteLength).toBeGreaterThan(1000);
    expect(await refusal(clientOf(web(url, { caFile: otherAuthority.cert })))).toEqual(STRANGE_AUTHORITY);
    expect(await refusal(clientOf(web(url, { caFile: undefined })))).toEqual(STRANGE_AUTHORITY);
    expect(await refusal(clientOf(web(url.replace('127.0.0.1', 'localhost'))))).toEqual(OTHER_NAME);
    expect(await refusal(clientOf(web(await secured(expired))))).toEqual(EXPIRED);
    expect(await refusal(clientOf(web(url.replace('https:', 'http:'))))).toEqual(unreachable(/HTTP/));
    expect(await refusal(clientOf(web(url, { authorization: 'Basic d3Jvbmc6d3Jvbmc=' })))).toMatchObject({
      code: 'DICOM_NODE_REFUSED',
      message: expect.stringContaining('401'),
    });
    expect(await refusal(clientOf(web(url, { authorization: undefined })))).toMatchObject({
      code: 'DICOM_NODE_REFUSED',
    });
  });

  it('that asks for a certificate is shown the one of the DICOM door', async () => {
    const url = await secured(archive, authority);
    await sendFilm(clientOf(web(url), gateway));
    expect(await refusal(clientOf(web(url)))).toEqual(ASKS_FOR_OURS);
    expect((await refusal(clientOf(web(url), stranger))).code).toBe('DICOM_NODE_UNREACHABLE');
  });

  it('without TLS is not spoken to where https is wanted', async () => {
    const url = orthanc?.dicomWeb.dicomWeb.url.replace('http:', 'https:') ?? '';
    expect(await refusal(clientOf(web(url)))).toEqual(unreachable(/does not speak TLS/));
  });
});

describe.skipIf(!hasOpenssl)('any node over TLS (needs openssl)', () => {
  const nodes = (port: number, caFile: string): readonly DicomNode[] => [
    dimseNode('dimse', { aeTitle: 'NODE', port, tls: true, caFile }),
    {
      name: 'web',
      dimse: undefined,
      dicomWeb: { url: `https://127.0.0.1:${port}/dicom-web`, authorization: 'Bearer secret', caFile },
    },
  ];

  it('that connects and stays silent is given up at the deadline', async () => {
    const port = await listen(createPlainServer((socket) => socket.on('error', () => {})));
    for (const node of nodes(port, authority.cert)) {
      expect((await refusal(clientOf(node))).code).toMatch(/^DICOM_NODE_(UNREACHABLE|FAILED)$/);
    }
  });

  it('is not called with files that hold no certificate', async () => {
    const garbage = join(folder, 'garbage.crt');
    await writeFile(garbage, 'no certificate');
    const port = await freePort();
    const unusable = { code: 'CONFIG_INVALID', message: expect.stringContaining('no PEM certificate') as string };
    for (const node of nodes(port, garbage)) expect(await refusal(clientOf(node))).toEqual(unusable);
    for (const node of nodes(port, authority.cert)) {
      expect(await refusal(clientOf(node, { cert: garbage, key: gateway.key }))).toEqual(unusable);
    }
    for (const node of nodes(port, join(folder, 'absent'))) {
      expect(await refusal(clientOf(node))).toMatchObject({ code: 'CONFIG_INVALID' });
    }
  });

  it('is sent no credentials before its certificate is known', async () => {
    let heard = '';
    const files = { cert: await readFile(stranger.cert), key: await readFile(stranger.key) };
    const server = createServer(files, (socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.toString('latin1');
      });
    });
    server.on('tlsClientError', () => {});
    const [, node] = nodes(await listen(server), authority.cert);
    if (node === undefined) throw new Error('no node');
    expect(await refusal(clientOf(node))).toEqual(STRANGE_AUTHORITY);
    expect(heard).toBe('');
  });
});
