import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TlsClientOptions } from '../../src/dicom/network/association.ts';
import { requestAssociation } from '../../src/dicom/network/requestor.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../support/certificate.ts';
import { call, echo, IMPLICIT, LIMITS, store, VERIFICATION } from '../support/scu.ts';
import { openDoor, raw } from './support.ts';

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
