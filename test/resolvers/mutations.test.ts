import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import Upload from 'graphql-upload/Upload.mjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FilmComparer } from '../../src/dicom/film-comparer.ts';
import { HeaderReader } from '../../src/dicom/header-reader.ts';
import { makePhantom, phantomUid } from '../../src/dicom/phantom.ts';
import { GatewayError } from '../../src/errors.ts';
import { FilmIngest } from '../../src/ingest.ts';
import { silentLog } from '../../src/log.ts';
import { BlobStore } from '../../src/store/blobs.ts';
import { shadowModel } from '../support/records.ts';
import { type SeededStudy, seedModel, seedStudy } from './seed.ts';
import { openApi, type TestApi } from './support.ts';

const MEBIBYTE = 1024 * 1024;

let api: TestApi;
let folder: string;
let headers: HeaderReader;
let modelVersionId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-mutations-'));
  const limits = { maxFileBytes: MEBIBYTE, maxHeaderBytes: MEBIBYTE, maxDimension: 4096 };
  headers = new HeaderReader({ threads: 1, deadlineMs: 10_000, limits });
  const blobs = new BlobStore({ directory: folder, maxFileBytes: MEBIBYTE, minFreeDiskBytes: 0 });
  await blobs.open();
  api = await openApi(
    ({ instances }) =>
      new FilmIngest({
        blobs,
        headers,
        comparer: new FilmComparer(),
        instances,
        maxConcurrent: 8,
        defaultIssuer: 'LOCAL',
        log: silentLog,
      }),
  );
  modelVersionId = await seedModel(api.store);
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await headers?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64url');

describe('ingestInstances', () => {
  const INGEST = `mutation ($files: [Upload!]!, $priority: Priority) { ingestInstances(files: $files, priority: $priority) {
    results { fileName duplicate eligibility reasons instance { sopInstanceUid study { accessionNumber } }
      inference { state priority modelVersion { id } } error { code message retryable } } } }`;
  type Ingested = { ingestInstances: { results: Record<string, unknown>[] } };

  const film = (seed: number) => makePhantom({ seed, rows: 128, columns: 128 });

  /** A file as the multipart request hands it over. */
  function file(bytes: Uint8Array, filename: string) {
    const upload = new Upload();
    const stream = Readable.from([bytes]);
    upload.resolve({ filename, createReadStream: () => stream });
    return { upload, stream };
  }

  test('answers each file on its own, in the order of the files', async () => {
    const gone = new Upload();
    gone.reject(new GatewayError('UPLOAD_ABORTED', 'The request has ended before the file was read.'));
    const files = [
      file(film(1), 'a.dcm'),
      file(Buffer.from('<html>'), 'page.html'),
      file(new Uint8Array(2 * MEBIBYTE), 'large.dcm'),
      file(film(2), ''),
    ];
    const uploads = [...files.map(({ upload }) => upload), gone];
    const { ingestInstances } = await api.data<Ingested>(INGEST, { files: uploads, priority: 'STAT' });
    const stored = (seed: number, fileName: string | null) => ({
      fileName,
      duplicate: false,
      eligibility: 'READ',
      reasons: [],
      instance: {
        sopInstanceUid: phantomUid(`instance ${seed}`),
        study: { accessionNumber: `PHANTOM-000${seed}` },
      },
      inference: { state: 'QUEUED', priority: 'STAT', modelVersion: { id: globalId('ModelVersion', modelVersionId) } },
      error: null,
    });
    const refused = (fileName: string | null, code: string, retryable = false) => ({
      fileName,
      duplicate: false,
      eligibility: null,
      reasons: [],
      instance: null,
      inference: null,
      error: { code, message: expect.any(String), retryable },
    });
    expect(ingestInstances.results).toEqual([
      stored(1, 'a.dcm'),
      refused('page.html', 'NOT_DICOM'),
      refused('large.dcm', 'PAYLOAD_TOO_LARGE'),
      stored(2, null),
      refused(null, 'UPLOAD_ABORTED', true),
    ]);
    // A stream left open would hold up the files behind it.
    expect(files.map(({ stream }) => stream.destroyed)).toEqual([true, true, true, true]);
  });

  test('gives the same records for the same film, and a conflict for other bytes under its UID', async () => {
    await api.data(INGEST, { files: [file(film(3), 'a').upload] });
    const changed = film(3);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    const files = [file(film(3), 'again').upload, file(changed, 'changed').upload];
    const { ingestInstances } = await api.data<Ingested>(INGEST, { files });
    expect(ingestInstances.results).toMatchObject([
      { duplicate: true, instance: { sopInstanceUid: phantomUid('instance 3') }, error: null },
      { duplicate: false, instance: null, error: { code: 'INSTANCE_CONFLICT' } },
    ]);
  });

  test('takes more files than it receives at once', async () => {
    const files = Array.from({ length: 12 }, (_, index) => file(film(20 + index), `${index}`).upload);
    const { ingestInstances } = await api.data<Ingested>(INGEST, { files });
    expect(ingestInstances.results.map(({ fileName, error }) => [fileName, error])).toEqual(
      files.map((_, index) => [`${index}`, null]),
    );
  });
});

describe('requestInference', () => {
  const REQUEST = `mutation ($input: RequestInferenceInput!) { requestInference(input: $input) {
    created inference { id state priority modelVersion { version } instance { sopInstanceUid } } } }`;
  let study: SeededStudy;
  let other: string;

  beforeAll(async () => {
    study = await seedStudy(api.store, { modelVersionId });
    other = await seedModel(api.store, '2.0.0', false);
    await shadowModel(api.store, other);
  });

  test('queues a reading by a named version once', async () => {
    const [film] = study.instances;
    const input = {
      sopInstanceUid: film?.sopInstanceUid,
      modelVersionId: globalId('ModelVersion', other),
      priority: 'STAT',
    };
    const inference = {
      state: 'QUEUED',
      priority: 'STAT',
      modelVersion: { version: '2.0.0' },
      instance: { sopInstanceUid: film?.sopInstanceUid },
    };
    const first = await api.data<{ requestInference: unknown }>(REQUEST, { input });
    expect(first).toMatchObject({ requestInference: { created: true, inference } });
    const byId = { ...input, sopInstanceUid: undefined, instanceId: globalId('Instance', film?.id ?? '') };
    const second = await api.data<{ requestInference: unknown }>(REQUEST, { input: byId });
    expect(second).toMatchObject({ requestInference: { created: false, inference } });
  });

  test('reads nothing by a version that is REGISTERED', async () => {
    const registered = await seedModel(api.store, '2.1.0', false);
    const input = {
      sopInstanceUid: study.instances[0]?.sopInstanceUid,
      modelVersionId: globalId('ModelVersion', registered),
    };
    expect((await api.run(REQUEST, { input })).errors).toMatchObject([{ code: 'INVALID_STATE' }]);
    expect(await api.store.prisma.inference.count({ where: { modelVersionId: registered } })).toBe(0);
  });

  test('gives a reading that is done as it is, by the active version', async () => {
    const input = { sopInstanceUid: study.instances[0]?.sopInstanceUid };
    expect(await api.data(REQUEST, { input })).toMatchObject({
      requestInference: { created: false, inference: { state: 'DONE', modelVersion: { version: '1.0.0' } } },
    });
  });

  test('refuses what does not exist and what is named twice or not at all', async () => {
    const unknown = '018f0000-0000-7000-8000-000000000000';
    const uid = study.instances[0]?.sopInstanceUid;
    const cases: [Record<string, unknown>, string][] = [
      [{}, 'BAD_REQUEST'],
      [{ sopInstanceUid: uid, instanceId: globalId('Instance', unknown) }, 'BAD_REQUEST'],
      [{ instanceId: globalId('Study', unknown) }, 'BAD_REQUEST'],
      [{ instanceId: globalId('Instance', unknown) }, 'NOT_FOUND'],
      [{ sopInstanceUid: '1.2.3' }, 'NOT_FOUND'],
      [{ sopInstanceUid: uid, modelVersionId: globalId('ModelVersion', unknown) }, 'NOT_FOUND'],
    ];
    for (const [input, code] of cases) {
      expect((await api.run(REQUEST, { input })).errors, JSON.stringify(input)).toMatchObject([{ code }]);
    }
  });
});

describe('cancelInference', () => {
  const CANCEL = 'mutation ($id: ID!) { cancelInference(inferenceId: $id) { inference { id state completedAt } } }';

  test('cancels what waits, then refuses, and a new request queues it again', async () => {
    const study = await seedStudy(api.store, { modelVersionId });
    const [film] = study.instances;
    const id = globalId('Inference', film?.inferenceId ?? '');
    expect((await api.run(CANCEL, { id })).errors).toMatchObject([
      { code: 'INVALID_STATE', message: expect.stringContaining('DONE') },
    ]);
    await api.store.prisma.inference.update({ where: { id: film?.inferenceId ?? '' }, data: { state: 'QUEUED' } });
    // Both in one operation: the second must not see what the first loaded.
    const { first, again } = await api.data<Record<'first' | 'again', { inference: unknown }>>(
      `mutation ($id: ID!, $uid: DicomUID!) {
        first: cancelInference(inferenceId: $id) { inference { id state } }
        again: requestInference(input: { sopInstanceUid: $uid }) { created inference { id state } } }`,
      { id, uid: film?.sopInstanceUid },
    );
    expect(first).toEqual({ inference: { id, state: 'CANCELLED' } });
    expect(again).toEqual({ created: true, inference: { id, state: 'QUEUED' } });
  });

  test('refuses an unknown inference and an id of another type', async () => {
    const unknown = '018f0000-0000-7000-8000-000000000000';
    for (const [id, code] of [
      [globalId('Inference', unknown), 'NOT_FOUND'],
      [globalId('Patient', unknown), 'BAD_REQUEST'],
      ['', 'BAD_REQUEST'],
    ]) {
      expect((await api.run(CANCEL, { id })).errors).toMatchObject([{ code }]);
    }
  });
});

describe('activateModelVersion', () => {
  const ACTIVATE = `mutation ($id: ID!, $reason: String!) { activateModelVersion(modelVersionId: $id, reason: $reason) {
    modelVersion { version state transitions { fromState toState actor reason } } } }`;

  test('records who, when, why, and retires the version before', async () => {
    const next = await seedModel(api.store, '3.0.0', false);
    const id = globalId('ModelVersion', next);
    for (const reason of ['', '   ', 'x'.repeat(2001)]) {
      expect((await api.run(ACTIVATE, { id, reason })).errors).toMatchObject([{ code: 'BAD_REQUEST' }]);
    }
    const reason = 'Better on our own films.';
    expect(await api.data(ACTIVATE, { id, reason })).toEqual({
      activateModelVersion: {
        modelVersion: {
          version: '3.0.0',
          state: 'ACTIVE',
          transitions: [{ fromState: 'REGISTERED', toState: 'ACTIVE', actor: 'dr-test', reason }],
        },
      },
    });
    const { modelVersion } = await api.data<{ modelVersion: unknown }>(
      '{ modelVersion(name: "chexnet", version: "1.0.0") { state transitions { toState actor } } }',
    );
    expect(modelVersion).toEqual({
      state: 'RETIRED',
      transitions: [
        { toState: 'ACTIVE', actor: 'test' },
        { toState: 'RETIRED', actor: 'dr-test' },
      ],
    });
  });

  test('refuses an unknown version', async () => {
    const id = globalId('ModelVersion', '018f0000-0000-7000-8000-000000000000');
    expect((await api.run(ACTIVATE, { id, reason: 'why' })).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });
});
