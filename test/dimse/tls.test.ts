import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TlsClientOptions } from '../../src/dicom/network/association.ts';
import { parseCertificateRule } from '../../src/dicom/network/client-certificate.ts';
import { requestAssociation } from '../../src/dicom/network/requestor.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../support/certificate.ts';
import { call, echo, IMPLICIT, LIMITS, store, VERIFICATION } from '../support/scu.ts';
import { node, openDoor, raw } from './support.ts';

let folder: string;

const secureCall = (port: number, tls: TlsClientOptions) =>
  requestAssociation({
    host: '127.0.0.1',
    port,
    callingAeTitle: 'TESTSCU',
    calledAeTitle: 'CXRGATEWAY',
    contexts: [
      { abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] },
      { abstractSyntax: '1.2.840.10008.5.1.4.1.1.1.1', transferSyntaxes: [IMPLICIT] },
    ],
    tls,
    limits: LIMITS,
  });

describe.skipIf(!hasOpenssl)('TLS (needs openssl)', () => {
  let server: Certificate;
  let client: Certificate;
  let ca: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-tls-'));
    [server, client] = [await makeCertificate(folder, 'gateway'), await makeCertificate(folder, 'scanner')];
    ca = await readFile(server.cert, 'utf8');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const settings = () => ({ DIMSE_TLS_CERT_FILE: server.cert, DIMSE_TLS_KEY_FILE: server.key });

  it('carries associations to whoever trusts the certificate', async () => {
    const { port, ingest } = await openDoor(settings());
    const association = await secureCall(port, { ca });
    expect(await echo(association)).toBe(0);
    const dataSet = Buffer.alloc(2_000_000, 1);
    expect((await store(association, { sopInstanceUid: '1.2.3', dataSet })).status).toBe(0);
    expect(ingest.films[0]?.bytes.subarray(-2_000_000).equals(dataSet)).toBe(true);
    await association.release();
    await expect(secureCall(port, {})).rejects.toMatchObject({ code: 'DICOM_NODE_UNREACHABLE' });
  });

  it('wants a certificate of the caller where the setting says so', async () => {
    const { port } = await openDoor({ ...settings(), DIMSE_TLS_CA_FILE: client.cert });
    const [cert, key] = [await readFile(client.cert, 'utf8'), await readFile(client.key, 'utf8')];
    expect(await echo(await secureCall(port, { ca, cert, key }))).toBe(0);
    await expect(secureCall(port, { ca })).rejects.toMatchObject({ code: 'DICOM_NODE_UNREACHABLE' });
  });

  it('takes a node for what it says only with the certificate that the nodes file names', async () => {
    const other = await makeCertificate(folder, 'other-scanner');
    const pems = async ({ cert, key }: Certificate) => ({
      ca,
      cert: await readFile(cert, 'utf8'),
      key: await readFile(key, 'utf8'),
    });
    const both = join(folder, 'both.crt');
    await writeFile(both, (await readFile(client.cert, 'utf8')) + (await readFile(other.cert, 'utf8')));
    const fingerprint = new X509Certificate(await readFile(client.cert)).fingerprint256;
    for (const text of ['CN=scanner', 'cn = scanner', `sha256:${fingerprint}`, fingerprint.replaceAll(':', '')]) {
      const clientCertificate = parseCertificateRule(text);
      const nodes = [node('TESTSCU', { clientCertificate })];
      const { port, log } = await openDoor({ ...settings(), DIMSE_TLS_CA_FILE: both }, nodes);
      expect(await echo(await secureCall(port, await pems(client)))).toBe(0);
      await expect(secureCall(port, await pems(other))).rejects.toMatchObject({ code: 'DICOM_ASSOCIATION_REJECTED' });
      expect(await log.find('dimse.rejected')).toMatchObject({ callingAeTitle: 'TESTSCU' });
    }
    const nodes = [node('TESTSCU', { clientCertificate: parseCertificateRule('CN=scanner,O=Hospital') })];
    const { port } = await openDoor({ ...settings(), DIMSE_TLS_CA_FILE: both }, nodes);
    await expect(secureCall(port, await pems(client))).rejects.toMatchObject({ code: 'DICOM_ASSOCIATION_REJECTED' });
  });

  it('records the subject of the certificate with what a node sends', async () => {
    const nodes = [node('TESTSCU', { clientCertificate: parseCertificateRule('CN=scanner') })];
    const { port, ingest } = await openDoor({ ...settings(), DIMSE_TLS_CA_FILE: client.cert }, nodes);
    const [cert, key] = [await readFile(client.cert, 'utf8'), await readFile(client.key, 'utf8')];
    const association = await secureCall(port, { ca, cert, key });
    await store(association, { sopInstanceUid: '1.2.3', dataSet: Buffer.alloc(100, 1) });
    expect(ingest.films[0]?.source.by).toMatchObject({
      subject: 'dicom:TESTSCU',
      kind: 'DICOM_NODE',
      displayName: 'testscu; TLS subject cn=scanner',
    });
    await association.release();
  });

  it('is not opened where a node must show a certificate that nobody is asked for', async () => {
    const nodes = [node('TESTSCU', { clientCertificate: parseCertificateRule('CN=scanner') })];
    for (const more of [{}, settings()]) {
      await expect(openDoor(more, nodes)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('testscu'),
      });
    }
  });

  it('is not spoken to those who do not speak it', async () => {
    const { port, door } = await openDoor(settings());
    await expect(call({ port, limits: { artimMs: 2000 } })).rejects.toMatchObject({ code: 'DICOM_NODE_UNREACHABLE' });
    const silent = await raw(port);
    await silent.closed; // after ARTIM
    expect(door.associations).toBe(0);
    expect(await echo(await secureCall(port, { ca }))).toBe(0);
  });

  it('is not older than 1.2', async () => {
    const { port } = await openDoor(settings());
    const old = connect({ host: '127.0.0.1', port, ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' });
    await once(old, 'error');
  });

  it('is not begun with files that do not fit', async () => {
    await writeFile(join(folder, 'garbage'), 'no certificate');
    const files = { ...settings(), DIMSE_TLS_CERT_FILE: join(folder, 'garbage') };
    await expect(openDoor(files)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const absent = { ...settings(), DIMSE_TLS_KEY_FILE: join(folder, 'absent') };
    await expect(openDoor(absent)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
