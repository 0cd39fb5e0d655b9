/** `audit export` of the built command line, on a real database. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { XmlDocument } from 'libxml2-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedModel, seedStudy } from '../resolvers/seed.ts';
import { type AuditSchemas, loadAuditSchemas } from '../support/audit-schemas.ts';
import { runCommand } from '../support/gateway-process.ts';
import { BY_TEST } from '../support/records.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

let folder: string;
let opened: TestStore;
let schemas: AuditSchemas;
let settings: Record<string, string>;
/** Positions before the first export. */
let written: number;
let study: Awaited<ReturnType<typeof seedStudy>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cxr-audit-export-'));
  schemas = await loadAuditSchemas();
  opened = await openTestStore();
  const { store, url } = opened;
  settings = { DATABASE_URL: url, AUDIT_SOURCE_ID: 'gateway.example' };
  const modelVersionId = await seedModel(store);
  study = await seedStudy(store, { modelVersionId, patient: { mrn: 'M<1>&"山"', issuer: 'A^B' }, films: 3 });
  const [film] = study.instances;
  // Ids of readings alone: study and patient are found through them.
  await store.audit.record(BY_TEST, [{ action: 'READ', inferenceIds: [film?.inferenceId ?? ''] }]);
  const { patientId, studyId, instances } = study;
  await store.audit.record(BY_TEST, [
    { action: 'READ', patientId, studyIds: [studyId], instanceIds: instances.map(({ id }) => id) },
  ]);
  await store.audit.record(
    BY_TEST,
    Array.from({ length: 250 }, () => ({ action: 'READ', patientId }) as const),
  );
  written = Number(await store.auditExports.end());
});

afterAll(async () => {
  schemas[Symbol.dispose]();
  await opened[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const run = (...args: string[]) => runCommand(['audit', 'export', ...args], settings);
const linesOf = (text: string) => text.split('\n').slice(0, -1);

describe('audit export', () => {
  it('writes every record as JSON, in order and without gaps', async () => {
    const { code, stdout, stderr } = await run('--format', 'json', '--output', '-', '--to', String(written));
    expect([code, stderr]).toEqual([0, `${written} records\n`]);
    const records = linesOf(stdout).map((line) => JSON.parse(line));
    expect(records.map(({ position }) => position)).toEqual(Array.from({ length: written }, (_, index) => index + 1));
    const stored = await opened.store.prisma.auditRecord.findMany({ orderBy: { position: 'asc' }, take: written });
    expect(records.map(({ hash }) => hash)).toEqual(stored.map(({ hash }) => hash));
    const shown = { mrn: 'M<1>&"山"', issuer: 'A^B' };
    const [byReading, byStudy] = records.filter(({ studies }) => studies.length > 0);
    expect(byReading).toMatchObject({
      patientId: null,
      patient: shown,
      studies: [{ studyInstanceUid: study.studyInstanceUid, instances: [] }],
    });
    expect(byStudy.studies[0].instances.map((one: { sopInstanceUid: string }) => one.sopInstanceUid)).toEqual(
      study.instances.map(({ sopInstanceUid }) => sopInstanceUid),
    );
  });

  it('writes valid DICOM messages, one a line, into a file for its account alone', async () => {
    const path = join(folder, 'audit.xml');
    const { code, stderr } = await run('--format', 'dicom', '--output', path, '--to', String(written));
    expect([code, stderr]).toEqual([0, `${written} messages\n`]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const messages = linesOf(await readFile(path, 'utf8'));
    expect(messages).toHaveLength(written);
    for (const message of messages) schemas.validateDicom(message);
    using document = XmlDocument.fromString(messages.at(-1) ?? '');
    const patients = document.find(
      '//ParticipantObjectIdentification[@ParticipantObjectTypeCode="1"]/@ParticipantObjectID',
    );
    expect(patients.map(({ content }) => content)).toEqual(['M<1>\\T\\"山"^^^A\\S\\B']);
    expect(document.get('//@AuditSourceID')?.content).toBe('gateway.example');
  });

  it('writes valid AuditEvents of a stretch by positions, and by times', async () => {
    const { stdout } = await run('--format', 'fhir', '--output', '-', '--from', '2', '--to', '4');
    const resources = linesOf(stdout).map((line) => JSON.parse(line));
    for (const resource of resources) schemas.validateFhir(resource);
    expect(resources.map(({ id }) => Number(id.split('-').at(-1)))).toEqual([2, 3, 4]);
    const past = await run('--format', 'fhir', '--output', '-', '--to', '2020-01-01');
    expect([past.code, past.stdout]).toEqual([0, '']);
    const all = await run('--format', 'fhir', '--output', '-', '--from', '2020-01-01T00:00:00Z', '--to', '2100-01-01');
    expect(linesOf(all.stdout).length).toBeGreaterThanOrEqual(written);
  });

  it('is recorded itself, with who did it', async () => {
    await opened.store.audit.seal();
    const looks = await opened.store.prisma.auditRecord.findMany({
      where: { operation: 'audit export' },
      orderBy: { position: 'asc' },
    });
    expect(looks.length).toBeGreaterThanOrEqual(1);
    expect(looks.at(-1)).toMatchObject({
      subject: `command-line:${userInfo().username}`,
      identityKind: 'COMMAND_LINE',
      action: 'READ',
    });
    expect(JSON.parse(looks[0]?.details ?? '')).toMatchObject({ format: 'json', to: String(written) });
  });

  it.each([
    ['a position that is none', ['--from', '0']],
    ['a time that is none', ['--to', '2026-13-01']],
    ['a file that is there', ['--output', '/etc/hostname']],
    ['a folder that is not there', ['--output', '/nowhere/audit.json']],
  ])('refuses %s and writes nothing', async (_, args) => {
    const { code, stdout, stderr } = await run('--format', 'json', '--output', '-', ...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('BAD_REQUEST');
    expect(stderr).not.toContain('    at ');
  });
});
