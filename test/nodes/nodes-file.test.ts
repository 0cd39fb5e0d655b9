import { describe, expect, it } from 'vitest';
import { readNodes } from '../../src/nodes/nodes-file.ts';
import { nodesFile } from '../support/nodes.ts';

describe('readNodes', () => {
  it('knows no node without a file', async () => {
    expect(await readNodes(undefined)).toEqual([]);
  });

  it('reads nodes, with credentials from files beside it', async () => {
    const path = await nodesFile(
      [
        { name: 'scanner', dimse: { aeTitle: 'CR ROOM 1' } },
        { name: 'pacs', dimse: { aeTitle: 'PACS', host: '10.1.2.3', port: 11112, retrieve: 'move' } },
        { name: 'archive', dicomWeb: { url: 'https://archive.example/dicom-web/', authorizationFile: 'archive.auth' } },
      ],
      { 'archive.auth': 'Bearer a.b.c\n' },
    );
    const base = { tls: false, caFile: undefined, retrieve: 'get', port: 104, host: undefined };
    expect(await readNodes(path)).toEqual([
      { name: 'scanner', dimse: { ...base, aeTitle: 'CR ROOM 1' }, dicomWeb: undefined },
      {
        name: 'pacs',
        dimse: { ...base, aeTitle: 'PACS', host: '10.1.2.3', port: 11112, retrieve: 'move' },
        dicomWeb: undefined,
      },
      {
        name: 'archive',
        dimse: undefined,
        dicomWeb: { url: 'https://archive.example/dicom-web', authorization: 'Bearer a.b.c', caFile: undefined },
      },
    ]);
  });

  it('reads the certificate of a node, by subject or fingerprint', async () => {
    const scanner = (clientCertificate: string) =>
      nodesFile([{ name: 'scanner', dimse: { aeTitle: 'SCANNER', clientCertificate } }]);
    const [bySubject] = await readNodes(await scanner('CN=scanner-1,O=Hospital'));
    expect(bySubject?.dimse?.clientCertificate).toEqual({ subject: ['cn=scanner-1', 'o=Hospital'] });
    const [byFingerprint] = await readNodes(await scanner(`sha256:${'AB:'.repeat(31)}AB`));
    expect(byFingerprint?.dimse?.clientCertificate).toEqual({ sha256: 'ab'.repeat(32) });
    await expect(readNodes(await scanner('scanner-1'))).rejects.toThrow(/scanner.dimse.clientCertificate: must be/);
  });

  it('reports everything that is wrong at once', async () => {
    const path = await nodesFile(
      [
        { name: 'one', dimse: { aeTitle: 'PACS', host: 'a' } },
        { name: 'one', dimse: { aeTitle: 'PACS', host: 'b' } },
        { name: 'two', dimse: { aeTitle: 'SEVENTEEN LETTERS', port: 0, host: 'c d' } },
        { name: 'three' },
        { dimse: { aeTitle: 'NAMELESS' }, colour: 'blue' },
        { name: 'four', dicomWeb: { url: 'https://user:secret@archive.example', authorization: 'Basic secret' } },
        { name: 'five', dicomWeb: { url: 'http://archive.example', authorizationFile: 'absent' } },
        'six',
      ],
      {},
    );
    const error = await readNodes(path).catch((thrown: unknown) => thrown as Error & { code?: string });
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    const { message } = error as Error;
    for (const problem of [
      'name one: must be unique',
      'AE title PACS: must be unique',
      'two.dimse.aeTitle:',
      'two.dimse.port:',
      'two.dimse.host:',
      'three: must have dimse, dicomWeb or both',
      '[4].name:',
      '[4]: Unrecognized key: "colour"',
      'four.dicomWeb.url:',
      'four.dicomWeb: Unrecognized key: "authorization"',
      'five.dicomWeb.authorizationFile:',
      '[7]:',
    ]) {
      expect(message).toContain(problem);
    }
    expect(message).not.toContain('secret');
  });

  it.each([
    ['no JSON', '[{'],
    ['no list', '{}'],
  ])('refuses %s', async (_, text) => {
    await expect(readNodes(await nodesFile(text))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('refuses a file that is not there', async () => {
    await expect(readNodes('/nowhere/nodes.json')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('DICOM_NODES_FILE'),
    });
  });
});
