/** A whole gateway and an Orthanc that speak DICOM TLS with each other, both ways, each showing a certificate. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Certificate, hasOpenssl, issueCertificate, makeCertificate } from '../support/certificate.ts';
import { graphql, stow } from '../support/client.ts';
import { hasOrthanc, type Orthanc, startOrthanc } from '../support/peers/orthanc.ts';
import { freePort } from '../support/peers/programs.ts';
import { followed, sent, TRANSFER, type Transfer } from '../support/transfers.ts';
import { freshStudy, phantomOf } from './films.ts';

describe.skipIf(!hasOpenssl || !hasOrthanc)('transfers over DICOM TLS (needs Orthanc and openssl)', () => {
  let folder: string;
  let orthanc: Orthanc | undefined;
  let gateway: TestApp;
  let mover: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cxr-tls-transfers-'));
    const authority = await makeCertificate(folder, 'authority');
    await makeCertificate(folder, 'other-authority');
    const archive: Certificate = await issueCertificate(folder, authority, 'archive');
    const own: Certificate = await issueCertificate(folder, authority, 'gateway');
    const doorPort = await freePort();
    orthanc = await startOrthanc(
      { port: doorPort, UseDicomTls: true },
      {
        DicomTlsEnabled: true,
        DicomTlsCertificate: archive.cert,
        DicomTlsPrivateKey: archive.key,
        DicomTlsTrustedCertificates: authority.cert,
        DicomTlsRemoteCertificateRequired: true,
      },
    );
    const port = orthanc.dimse.dimse?.port;
    const entry = (name: string, more: object) => ({
      name,
      dimse: { host: '127.0.0.1', port, tls: true, caFile: 'authority.crt', ...more },
    });
    const nodes = [
      entry('orthanc', { aeTitle: 'ORTHANC' }),
      entry('distrusted', { aeTitle: 'DISTRUSTED', caFile: 'other-authority.crt' }),
    ];
    await writeFile(join(folder, 'nodes.json'), JSON.stringify(nodes));
    await writeFile(
      join(folder, 'move.json'),
      JSON.stringify([entry('mover', { aeTitle: 'ORTHANC', retrieve: 'move' })]),
    );
    const door = {
      DIMSE_TLS_CERT_FILE: own.cert,
      DIMSE_TLS_KEY_FILE: own.key,
      DIMSE_TLS_CA_FILE: authority.cert,
      DICOM_TRANSFER_MAX_ATTEMPTS: '1',
    };
    gateway = await startTestApp({ ...door, DICOM_NODES_FILE: join(folder, 'nodes.json') });
    // A node has one entry in a nodes file, so C-MOVE is the way of a second process.
    mover = (await gateway.another({ DICOM_NODES_FILE: join(folder, 'move.json'), DIMSE_PORT: String(doorPort) })).url;
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await orthanc?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function retrieved(url: string, node: string, study: string): Promise<Transfer> {
    const { retrieveStudy } = await graphql<{ retrieveStudy: { transfer: Transfer } }>(
      url,
      `mutation($node: String!, $study: DicomUID!) {
        retrieveStudy(input: { node: $node, studyInstanceUid: $study }) { transfer { ${TRANSFER} } } }`,
      { node, study },
    );
    return followed(gateway.url, retrieveStudy.transfer.id);
  }

  it('sendStudy brings films there; retrieveStudy fetches them by C-GET and by C-MOVE to the door', async () => {
    const study = freshStudy();
    await stow(gateway.url, [phantomOf(study), phantomOf(study)]);
    const whole = { state: 'DONE', completed: 2, failed: 0, error: null };
    expect(await sent(gateway.url, 'orthanc', study.studyInstanceUid)).toMatchObject(whole);
    expect(await retrieved(gateway.url, 'orthanc', study.studyInstanceUid)).toMatchObject(whole);
    expect(await retrieved(mover, 'mover', study.studyInstanceUid)).toMatchObject(whole);
  });

  it('a node whose certificate is not trusted fails the transfer, and echoDicomNode says why', async () => {
    const problem = {
      code: 'DICOM_NODE_UNREACHABLE',
      message: expect.stringContaining('not of an authority that the gateway trusts') as string,
    };
    const failed = await retrieved(gateway.url, 'distrusted', freshStudy().studyInstanceUid);
    expect(failed).toMatchObject({ state: 'FAILED', error: problem });
    const { echoDicomNode } = await graphql<{ echoDicomNode: { echoes: object[] } }>(
      gateway.url,
      'mutation { echoDicomNode(node: "distrusted") { echoes { protocol error { code message } } } }',
    );
    expect(echoDicomNode.echoes).toMatchObject([{ protocol: 'DIMSE', error: problem }]);
  });
});
