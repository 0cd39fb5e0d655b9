/** Films without their identity, over the wire, from a whole gateway. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashOfApiKey, makeApiKeySecret } from '../../src/access/api-key-secret.ts';
import { readFilm } from '../../src/dicom/film.ts';
import { makePhantom } from '../../src/dicom/phantom.ts';
import { systemActor } from '../../src/store/audit/audit-entry.ts';
import type { AccessRole } from '../../src/store/generated/enums.ts';
import { parsed } from '../dicom/deidentify/support.ts';
import { fileOf, LIMITS } from '../dicom/support.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { graphql, stow } from '../support/client.ts';
import { deflatedFilm } from '../support/encoded-films.ts';

const FILM = makePhantom({
  seed: 5,
  rows: 300,
  columns: 200,
  elements: {
    '00080080': ['LO', 'SECRET HOSPITAL'],
    '00080090': ['PN', 'SECRET^REFERRER'],
    '00081140': ['SQ', [{ '00081150': ['UI', '1.2.840.10008.5.1.4.1.1.1.1'], '00081155': ['UI', '1.2.3.4.5.6.7'] }]],
    '00091001': ['LO', 'PRIVATE SECRET'],
  },
});
const BURNED_IN = makePhantom({ seed: 6, rows: 60, columns: 60, elements: { '00280301': ['CS', 'YES'] } });

interface View {
  readonly id: string;
  readonly patientPseudonym: string;
  readonly series: readonly { readonly id: string }[];
  readonly instances: readonly { readonly id: string; readonly previewUrl: string; readonly dicomUrl: string }[];
}

let gateway: TestApp;
let view: View;
let burnedIn: View;
/** Texts that tell who the film is of. */
let secrets: readonly string[];

beforeAll(async () => {
  gateway = await startTestApp({ ROLE: 'api' });
  const { stored } = await stow(gateway.url, [FILM, BURNED_IN]);
  expect(stored).toHaveLength(2);
  const { studies } = await graphql<{ studies: { nodes: { accessionNumber: string; deidentified: View }[] } }>(
    gateway.url,
    `{ studies { nodes { accessionNumber deidentified {
         id patientPseudonym series { id } instances { id previewUrl dicomUrl } } } } }`,
  );
  const of = (accession: string) => {
    const found = studies.nodes.find(({ accessionNumber }) => accessionNumber === accession);
    if (found === undefined) throw new Error(`no study ${accession}`);
    return found.deidentified;
  };
  [view, burnedIn] = [of('PHANTOM-0005'), of('PHANTOM-0006')];
  const { dict } = parsed(FILM);
  const tags = ['00080018', '00080020', '00080050', '00100010', '00100020', '00100030', '0020000D', '0020000E'];
  secrets = [
    ...tags.map((tag) => textOf(dict[tag]?.Value[0])),
    ...['SECRET', 'HOSPITAL', 'PRIVATE', '1.2.3.4.5.6.7', '202601'],
    ...(await gateway.app.store.prisma.instance.findMany()).flatMap(({ id, sha256, blobKey }) => [id, sha256, blobKey]),
  ];
});

afterAll(() => gateway?.[Symbol.asyncDispose]());

const textOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'Alphabetic' in value ? String(value.Alphabetic) : String(value);

const get = (path: string | undefined, headers: Record<string, string> = {}) =>
  fetch(`${gateway.url}${path}`, { headers });

/** A key for these roles; its secret. */
async function keyOf(roles: readonly AccessRole[], more: { issuers?: string[]; deidentifiedOnly?: boolean } = {}) {
  const secret = makeApiKeySecret();
  await gateway.app.store.apiKeys.create(
    {
      ...{
        name: 'test',
        secretHash: hashOfApiKey(secret),
        roles,
        issuers: ['*'],
        studies: [],
        deidentifiedOnly: false,
      },
      expiresAt: new Date(Date.now() + 3_600_000),
      ...more,
    },
    systemActor('test'),
  );
  return { authorization: `Bearer ${secret}` };
}

/** What the audit has of one operation. */
const audited = (operation: string) =>
  gateway.app.store.prisma.auditRecord.findMany({ where: { operation }, orderBy: { position: 'asc' } });

describe('the DICOM file', () => {
  test('has the pixels and nothing that tells whose they are', async () => {
    const answer = await get(view.instances[0]?.dicomUrl);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/dicom');
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(answer.headers.get('content-length')).toBe(String(bytes.length));
    const seen = bytes.toString('latin1') + JSON.stringify([...answer.headers]);
    expect(secrets.filter((secret) => seen.includes(secret))).toEqual([]);
    const [original, cleaned] = [
      await readFilm(await fileOf(FILM), LIMITS),
      await readFilm(await fileOf(bytes), LIMITS),
    ];
    expect(cleaned.film.words).toEqual(original.film.words);
  });

  test('has the pseudonyms that GraphQL gives, and others for what is not here', async () => {
    const { dict } = parsed(Buffer.from(await (await get(view.instances[0]?.dicomUrl)).arrayBuffer()));
    const first = (tag: string) => textOf(dict[tag]?.Value[0]);
    expect(first('0020000D')).toBe(view.id);
    expect(first('0020000E')).toBe(view.series[0]?.id);
    expect(first('00080018')).toBe(view.instances[0]?.id);
    expect(first('00100020')).toBe(view.patientPseudonym);
    expect(first('00100010')).toBe(view.patientPseudonym);
    expect(JSON.stringify(dict['00081140'])).toMatch(/"2\.25\.\d+"/);
  });

  test('is the same from another process, which has the same secret', async () => {
    const another = await gateway.another({ ROLE: 'api' });
    const [one, other] = await Promise.all([
      (await get(view.instances[0]?.dicomUrl)).arrayBuffer(),
      (await fetch(`${another.url}${view.instances[0]?.dicomUrl}`)).arrayBuffer(),
    ]);
    expect(Buffer.from(other).equals(Buffer.from(one))).toBe(true);
  });

  test('another key makes pseudonyms that have nothing to do with these', async () => {
    const another = await gateway.another({
      ROLE: 'api',
      DEIDENTIFICATION_KEY: Buffer.alloc(32, 'other').toString('base64'),
    });
    expect((await fetch(`${another.url}${view.instances[0]?.dicomUrl}`)).status).toBe(404);
    const { deidentifiedStudies } = await graphql<{ deidentifiedStudies: { nodes: View[] } }>(
      another.url,
      '{ deidentifiedStudies { nodes { id patientPseudonym } } }',
    );
    expect(JSON.stringify(deidentifiedStudies)).not.toContain(view.id);
  });

  test('is not sent again to who has it', async () => {
    const tag = (await get(view.instances[0]?.dicomUrl)).headers.get('etag') ?? '';
    const again = await get(view.instances[0]?.dicomUrl, { 'if-none-match': tag });
    expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([304, 0]);
  });

  test('of a deflated film is inflated on the way', async () => {
    const side = 40;
    const pixels = Buffer.from(Array.from({ length: side * side * 2 }, (_, index) => (index * 5) % 256));
    const film = deflatedFilm({
      '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.1.1'],
      '00080018': ['UI', '1.2.99.3'],
      '00080050': ['SH', 'DEFLATED'],
      '00080060': ['CS', 'DX'],
      '00100020': ['LO', 'SECRET-MRN'],
      '0020000d': ['UI', '1.2.99.1'],
      '0020000e': ['UI', '1.2.99.2'],
      '00280002': ['US', 1],
      '00280004': ['CS', 'MONOCHROME2'],
      '00280010': ['US', side],
      '00280011': ['US', side],
      '00280100': ['US', 16],
      '00280101': ['US', 16],
      '00280102': ['US', 15],
      '00280103': ['US', 0],
      '7fe00010': ['OW', pixels],
    });
    expect((await stow(gateway.url, [film])).stored).toHaveLength(1);
    const { study } = await graphql<{ study: { deidentified: View } }>(
      gateway.url,
      '{ study(accessionNumber: "DEFLATED") { deidentified { instances { dicomUrl } } } }',
    );
    const bytes = Buffer.from(await (await get(study.deidentified.instances[0]?.dicomUrl)).arrayBuffer());
    expect(bytes.subarray(-pixels.length).equals(pixels)).toBe(true);
    expect(bytes.toString('latin1')).not.toMatch(/SECRET-MRN|DEFLATED/);
  });
});

describe('the preview', () => {
  test('is a PNG without a word in it', async () => {
    const answer = await get(view.instances[0]?.previewUrl);
    expect(answer.headers.get('content-type')).toBe('image/png');
    const png = Buffer.from(await answer.arrayBuffer());
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    const chunks = [...png.toString('latin1').matchAll(/tEXt|iTXt|zTXt|eXIf|tIME/g)];
    expect(chunks).toEqual([]);
  });
});

describe('what is not given out', () => {
  test('a film with text in its pixels, neither as file nor as picture', async () => {
    for (const path of [burnedIn.instances[0]?.dicomUrl, burnedIn.instances[0]?.previewUrl]) {
      const answer = await get(path);
      expect([answer.status, await answer.json()]).toEqual([
        409,
        expect.objectContaining({ code: 'DEIDENTIFICATION_REFUSED', message: expect.stringContaining('(0028,0301)') }),
      ]);
    }
  });

  test.each([
    ['the real UID', () => textOf(parsed(FILM).dict['00080018']?.Value[0]), 404],
    ['the pseudonym of the study', () => view.id, 404],
    ['no UID', () => 'patient', 400],
  ])('%s', async (_name, uid, status) => {
    const answer = await get(`/deidentified/instances/${uid()}`);
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toContain(uid());
  });

  test('anything to a role that may not have it', async () => {
    for (const roles of [['TECHNOLOGIST'], ['AUDITOR']] as const) {
      const headers = await keyOf(roles);
      expect((await get(view.instances[0]?.dicomUrl, headers)).status).toBe(403);
      expect((await get(view.instances[0]?.previewUrl, headers)).status).toBe(403);
    }
  });

  test('films of issuers that are not granted', async () => {
    const headers = await keyOf(['INTEGRATION'], { issuers: ['ELSEWHERE'] });
    expect((await get(view.instances[0]?.dicomUrl, headers)).status).toBe(404);
    expect((await get(view.instances[0]?.previewUrl, headers)).status).toBe(404);
  });
});

describe('a key for de-identified views only', () => {
  test('gets these, and nothing else', async () => {
    const headers = await keyOf(['INTEGRATION'], { deidentifiedOnly: true });
    expect((await get(view.instances[0]?.dicomUrl, headers)).status).toBe(200);
    expect((await get(view.instances[0]?.previewUrl, headers)).status).toBe(200);
    const uid = textOf(parsed(FILM).dict['00080018']?.Value[0]);
    expect((await get(`/instances/${uid}/preview.png`, headers)).status).toBe(403);
    expect((await get(`/instances/${uid}/heatmaps/Effusion.png`, headers)).status).toBe(403);
    const upload = await fetch(`${gateway.url}/dicomweb/studies`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'multipart/related; type="application/dicom"; boundary=x' },
      body: '--x--\r\n',
    });
    expect(upload.status).toBe(403);
  });
});

describe('the audit', () => {
  test('has who took which film before it left, for research unless told otherwise', async () => {
    const headers = await keyOf(['CLINICIAN']);
    await (await get(view.instances[0]?.dicomUrl, headers)).arrayBuffer();
    await (await get(view.instances[0]?.dicomUrl, { ...headers, 'purpose-of-use': 'TRAIN' })).arrayBuffer();
    const records = await audited('GET /deidentified/instances/:uid');
    const last = records.slice(-2);
    const film = await gateway.app.store.prisma.instance.findFirstOrThrow({
      where: { sopInstanceUid: textOf(parsed(FILM).dict['00080018']?.Value[0]) },
      include: { series: { include: { study: true } } },
    });
    expect(last.map(({ purpose }) => purpose)).toEqual(['HRESCH', 'TRAIN']);
    for (const record of last) {
      expect(record).toMatchObject({
        action: 'READ',
        outcome: 'SUCCESS',
        identityKind: 'API_KEY',
        patientId: film.series.study.patientId,
        studyIds: [film.series.studyId],
        instanceIds: [film.id],
      });
      expect(JSON.parse(record.details ?? '{}')).toEqual({ deidentified: true, mediaType: 'application/dicom' });
    }
    expect((await audited('GET /deidentified/instances/:uid/preview.png')).length).toBeGreaterThan(0);
  });

  test('has de-identified answers of GraphQL', async () => {
    await graphql(gateway.url, 'query research { deidentifiedStudies { nodes { id instances { id } } } }');
    const records = await gateway.app.store.prisma.auditRecord.findMany({
      where: { operation: { contains: 'deidentifiedStudies' } },
    });
    expect(records.flatMap(({ instanceIds }) => instanceIds).length).toBeGreaterThan(0);
  });
});
