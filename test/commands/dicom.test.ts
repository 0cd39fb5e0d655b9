/** `echo`, `send`, `find` and `retrieve` of the built command line. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshStudy, phantomOf } from '../nodes/films.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { runCommand } from '../support/gateway-process.ts';
import { type DcmtkServer, hasDcmtk, startArchive } from '../support/peers/dcmtk.ts';
import { freePort } from '../support/peers/programs.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cxr-commands-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the commands for DICOM nodes', () => {
  it.each([
    ['a node that is away', ['echo', '--node', '127.0.0.1:1', '--called', 'GONE'], 'DICOM_NODE_UNREACHABLE'],
    ['an address without an AE title', ['echo', '--node', '127.0.0.1:1'], 'BAD_REQUEST'],
    ['a name that no file has', ['find', '--node', 'pacs', '--patient-id', '1'], 'DICOM_NODE_UNKNOWN'],
    ['a search without a condition', ['find', '--node', '127.0.0.1:1', '--called', 'GONE'], 'BAD_REQUEST'],
    [
      'a day that is none',
      ['find', '--node', '127.0.0.1:1', '--called', 'GONE', '--date', '2026-02-30'],
      'BAD_REQUEST',
    ],
    ['a study that is no UID', ['retrieve', '--node', 'pacs', '--study', '../etc'], 'BAD_REQUEST'],
    ['films that are not there', ['send', '/nowhere', '--to', '127.0.0.1:1', '--called', 'GONE'], 'NOT_FOUND'],
    [
      'a gateway that is not there',
      ['retrieve', '--node', 'pacs', '--study', '1.2.3', '--gateway', 'http://127.0.0.1:1'],
      'NOT_FOUND',
    ],
  ])('end with 1 and a code: %s', async (_, args, code) => {
    const { code: exit, stderr, stdout } = await runCommand(args);
    expect(stderr).toContain(code);
    expect(stderr).not.toContain('    at ');
    expect(exit).toBe(1);
    expect(stdout).not.toContain('Error');
  });
});

describe.skipIf(!hasDcmtk)('with an archive (needs DCMTK)', () => {
  let archive: DcmtkServer;
  let gateway: TestApp;
  let nodes: Record<string, string>;
  const study = freshStudy({ studyDate: '20251231' });

  beforeAll(async () => {
    archive = await startArchive({ port: await freePort() });
    const { aeTitle, port } = archive.node.dimse ?? { aeTitle: '', port: 0 };
    const path = join(folder, 'nodes.json');
    await writeFile(path, JSON.stringify([{ name: 'archive', dimse: { aeTitle, host: '127.0.0.1', port } }]));
    nodes = { DICOM_NODES_FILE: path };
    gateway = await startTestApp(nodes);
    await mkdir(join(folder, 'films', 'deeper'), { recursive: true });
    await writeFile(join(folder, 'films', 'one.dcm'), phantomOf(study));
    await writeFile(join(folder, 'films', 'deeper', 'two.dcm'), phantomOf(study));
  });

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await archive?.[Symbol.asyncDispose]();
  });

  it('echo answers by name and by address', async () => {
    const byName = await runCommand(['echo', '--node', 'archive'], nodes);
    expect(byName).toMatchObject({ code: 0, stdout: expect.stringMatching(/^DIMSE: answers after \d+ ms\n$/) });
    const address = `127.0.0.1:${archive.node.dimse?.port}`;
    expect((await runCommand(['echo', '--node', address, '--called', 'ARCHIVE'])).code).toBe(0);
  });

  it('send sends files and folders; what cannot be sent is named and makes the exit code 1', async () => {
    await writeFile(join(folder, 'note.txt'), 'no film');
    const films = join(folder, 'films');
    const sent = await runCommand(['send', films, '--to', 'archive'], nodes);
    expect(sent.stderr).not.toContain('not sent');
    expect(sent).toMatchObject({ code: 0, stdout: expect.stringContaining('2 of 2 films sent to archive') });
    const some = await runCommand(['send', join(folder, 'note.txt'), films, '--to', 'archive'], nodes);
    expect(some).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('2 of 3 films'),
      stderr: expect.stringMatching(/not sent: .*note\.txt: NOT_DICOM/),
    });
  });

  it('find prints a table, or JSON', async () => {
    const table = await runCommand(['find', '--node', 'archive', '--patient-id', study.patientId], nodes);
    expect(table.code).toBe(0);
    expect(table.stdout).toContain(study.studyInstanceUid);
    expect(table.stdout).toContain('2025-12-31');
    expect(table.stderr).toBe('1 study\n');
    const args = ['find', '--node', 'archive', '--date', '20251201..', '--accession', study.accessionNumber, '--json'];
    const json = JSON.parse((await runCommand(args, nodes)).stdout);
    expect(json).toMatchObject([{ studyInstanceUid: study.studyInstanceUid }]);
    const nothing = await runCommand(['find', '--node', 'archive', '--patient-id', 'NOBODY'], nodes);
    expect(nothing).toMatchObject({ code: 0, stdout: '', stderr: '0 studies\n' });
  });

  it('retrieve writes films into a folder, under their UIDs', async () => {
    const output = join(folder, 'output');
    const args = ['retrieve', '--node', 'archive', '--study', study.studyInstanceUid, '--output', output];
    const { code, stdout } = await runCommand(args, nodes);
    expect(stdout).toContain(`2 films written to ${output}`);
    expect(code).toBe(0);
    const files = await readdir(output);
    expect(files).toHaveLength(2);
    for (const file of files) {
      expect(file).toMatch(/^[\d.]+\.dcm$/);
      expect((await readFile(join(output, file))).toString('latin1', 128, 132)).toBe('DICM');
    }
    const unknown = await runCommand(['retrieve', '--node', 'archive', '--study', '1.2.3', '--output', output], nodes);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('NOT_FOUND') });
  });

  it('retrieve without a folder has a running gateway fetch the study', async () => {
    const args = ['retrieve', '--node', 'archive', '--study', study.studyInstanceUid, '--gateway', gateway.url];
    expect(await runCommand(args)).toMatchObject({ code: 0, stdout: 'DONE: 2 films fetched, 0 objects not\n' });
    const unknown = await runCommand(['retrieve', '--node', 'archive', '--study', '1.2.3', '--gateway', gateway.url]);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('NOT_FOUND') });
    const refused = await runCommand(args, { CXR_GATEWAY_TOKEN: 'not-valid' });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('UNAUTHENTICATED') });
    const tokenFile = join(folder, 'token');
    const byFile = [...args, '--token-file', tokenFile];
    expect(await runCommand(byFile)).toMatchObject({ code: 1, stderr: expect.stringContaining('CONFIG_INVALID') });
    await writeFile(tokenFile, 'neither-valid\n');
    expect(await runCommand(byFile)).toMatchObject({ code: 1, stderr: expect.stringContaining('UNAUTHENTICATED') });
    const stranger = await runCommand(['retrieve', '--node', 'nobody', '--study', '1.2.3', '--gateway', gateway.url]);
    expect(stranger).toMatchObject({ code: 1, stderr: expect.stringContaining('DICOM_NODE_UNKNOWN') });
  });
});
