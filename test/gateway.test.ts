/** Bytes in -> event out, through every part of a real gateway. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom, type PhantomOptions, phantomUid } from '../src/dicom/phantom.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { graphql, stow, subscribe } from './support/client.ts';
import { NIH_FILMS } from './support/nih-films.ts';
import { sharedData } from './support/shared.ts';

interface Completed {
  findingsCompleted: {
    cursor: string;
    inference: {
      state: string;
      warnings: string[];
      modelVersion: { digest: string };
      instance: { sopInstanceUid: string };
    };
    findings: {
      label: string;
      probability: number;
      positive: boolean;
      threshold: number;
      codes: { value: string }[];
    }[];
  };
}

const COMPLETED = `
  cursor
  inference { state warnings modelVersion { digest } instance { sopInstanceUid } }
  findings { label probability threshold positive codes { value } }`;

const LIVE = `subscription Live($after: String) { findingsCompleted(after: $after) { ${COMPLETED} } }`;

let gateway: TestApp;
let seed = 1000;

beforeAll(async () => {
  gateway = await startTestApp();
});

afterAll(() => gateway?.[Symbol.asyncDispose]());

/** A small phantom with identifiers of its own, and its SOP Instance UID. */
function phantom(options: Partial<PhantomOptions> = {}) {
  seed += 1;
  return { film: makePhantom({ seed, rows: 256, columns: 256, ...options }), uid: phantomUid(`instance ${seed}`) };
}

/** State and errors of a film's newest reading once it has ended. */
async function settled(uid: string) {
  await using progress = await subscribe<{ inferenceProgress: { state: string } }>(
    gateway.url,
    `subscription($study: DicomUID!, $after: String) { inferenceProgress(studyInstanceUid: $study, after: $after) { state } }`,
    { study: await studyOf(uid) },
  );
  for (;;) {
    const { instance } = await graphql<{
      instance: {
        eligibility: string;
        inferences: {
          id: string;
          state: string;
          warnings: string[];
          error: { code: string } | null;
          findings: unknown[];
        }[];
      };
    }>(
      gateway.url,
      `query($uid: DicomUID!) { instance(sopInstanceUid: $uid) { eligibility inferences { id state warnings error { code } findings { id } } } }`,
      { uid },
    );
    const newest = instance.inferences.at(-1);
    if (newest !== undefined && !['QUEUED', 'RUNNING'].includes(newest.state))
      return { ...newest, eligibility: instance.eligibility };
    await progress.next();
  }
}

async function studyOf(uid: string): Promise<string> {
  const { instance } = await graphql<{ instance: { study: { studyInstanceUid: string } } }>(
    gateway.url,
    `query($uid: DicomUID!) { instance(sopInstanceUid: $uid) { study { studyInstanceUid } } }`,
    { uid },
  );
  return instance.study.studyInstanceUid;
}

describe('a chest film', () => {
  it('sent by STOW-RS is read and its findings are pushed', async () => {
    await using live = await subscribe<Completed>(gateway.url, LIVE);
    const { film, uid } = phantom();
    const answer = await stow(gateway.url, [film]);
    expect(answer.status).toBe(200);
    expect(answer.stored).toEqual([uid]);
    const { findingsCompleted } = await live.next();
    expect(findingsCompleted.inference.instance.sopInstanceUid).toBe(uid);
    expect(findingsCompleted.inference.state).toBe('DONE');
    expect(findingsCompleted.findings).toHaveLength(14);
    for (const finding of findingsCompleted.findings) {
      expect(finding.probability).toBeGreaterThanOrEqual(0);
      expect(finding.probability).toBeLessThanOrEqual(1);
      expect(finding.positive).toBe(finding.probability >= finding.threshold);
    }
    const active = await gateway.app.store.modelVersions.active();
    expect(findingsCompleted.inference.modelVersion.digest).toBe(active?.digest);
  });

  it('gives the same findings in MONOCHROME1 as in MONOCHROME2', async () => {
    await using live = await subscribe<Completed>(gateway.url, LIVE);
    seed += 1;
    const readings: Record<string, number>[] = [];
    for (const photometricInterpretation of ['MONOCHROME2', 'MONOCHROME1'] as const) {
      const elements = { '00080018': ['UI', phantomUid(`${photometricInterpretation} of ${seed}`)] } as const;
      await stow(gateway.url, [makePhantom({ seed, rows: 256, columns: 256, photometricInterpretation, elements })]);
      const { findings } = (await live.next()).findingsCompleted;
      readings.push(Object.fromEntries(findings.map(({ label, probability }) => [label, probability])));
    }
    const [upright = {}, inverse = {}] = readings;
    for (const [label, probability] of Object.entries(upright)) {
      // The two renderings round differently by at most one grey value.
      expect(Math.abs(probability - (inverse[label] ?? Number.NaN))).toBeLessThan(0.02);
    }
  });

  it('sent again answers the same records; other bytes under its UID are a conflict', async () => {
    const { film, uid } = phantom();
    expect((await stow(gateway.url, [film])).status).toBe(200);
    const first = await settled(uid);
    const again = await stow(gateway.url, [film]);
    expect(again).toMatchObject({ status: 200, stored: [uid] });
    expect((await settled(uid)).id).toBe(first.id);
    const other = makePhantom({ seed, rows: 200, columns: 200 });
    const conflict = await stow(gateway.url, [other]);
    expect(conflict).toMatchObject({ status: 409, stored: [], failures: [0x0111] });
    expect(await gateway.app.store.prisma.instance.count({ where: { sopInstanceUid: uid } })).toBe(1);
  });

  it('among bad ones in one request is stored; the others fail each with a reason', async () => {
    const { film, uid } = phantom();
    const truncated = phantom().film.subarray(0, 3000);
    const answer = await stow(gateway.url, [truncated, film, Buffer.from('not DICOM at all')]);
    expect(answer.status).toBe(202);
    expect(answer.stored).toEqual([uid]);
    expect(answer.failures).toHaveLength(2);
  });

  it('that the header says is no frontal chest film gets no findings but the reason', async () => {
    const { film, uid } = phantom({ elements: { '00185101': ['CS', 'LL'] } });
    expect((await stow(gateway.url, [film])).status).toBe(200);
    const inference = await settled(uid);
    expect(inference).toMatchObject({ state: 'INELIGIBLE', eligibility: 'INELIGIBLE', findings: [] });
    expect(inference.warnings.join()).toMatch(/VIEW/);
  });

  it('whose pixels say otherwise than its header gets no findings but the reason', async () => {
    // Stored as MONOCHROME1, stated as MONOCHROME2.
    const lie = { '00280004': ['CS', 'MONOCHROME2'], '20500020': ['CS', 'IDENTITY'] } as const;
    const { film, uid } = phantom({ photometricInterpretation: 'MONOCHROME1', elements: lie });
    expect((await stow(gateway.url, [film])).status).toBe(200);
    const inference = await settled(uid);
    expect(inference).toMatchObject({ state: 'INELIGIBLE', eligibility: 'READ', findings: [] });
    expect(inference.warnings).toEqual(['PIXELS_INVERTED: The pixels fit a chest film that is inverted.']);
  });

  it('with doubtful pixels is read, with the warnings of header and pixels on every finding', async () => {
    await using live = await subscribe<Completed>(gateway.url, LIVE);
    const { film, uid } = phantom({
      bitsStored: 8,
      elements: { '00180015': undefined, '00082218': undefined, '00281050': undefined, '00281051': undefined },
    });
    // The pixels are the last 256 x 256 bytes of the file.
    const pixels = film.subarray(film.length - 256 * 256);
    pixels.forEach((grey, index) => {
      pixels[index] = 100 + Math.round(grey / 5);
    });
    expect((await stow(gateway.url, [film])).stored).toEqual([uid]);
    const { inference, findings } = (await live.next()).findingsCompleted;
    expect(inference.instance.sopInstanceUid).toBe(uid);
    expect(findings).toHaveLength(14);
    expect(inference.warnings.map((warning) => warning.split(':')[0])).toEqual([
      'BODY_PART_UNSTATED',
      'PIXELS_LOW_CONTRAST',
    ]);
  });

  it('is read though a rule speaks against it, where GATE_RULES says so', async () => {
    await using local = await startTestApp({ GATE_RULES: 'VIEW_POSITION=warn, VIEW_CODE=ignore' });
    await using live = await subscribe<Completed>(local.url, LIVE);
    const { film, uid } = phantom({ elements: { '00185101': ['CS', 'LL'], '00540220': undefined } });
    expect((await stow(local.url, [film])).stored).toEqual([uid]);
    const { inference } = (await live.next()).findingsCompleted;
    expect(inference.warnings).toEqual(['VIEW_POSITION: View position LL is not PA or AP.']);
  });

  it('has a preview, a heat map for each label, and its grid in GraphQL', async () => {
    const { film, uid } = phantom();
    await stow(gateway.url, [film]);
    await settled(uid);
    const { instance } = await graphql<{
      instance: {
        previewUrl: string;
        inferences: {
          findings: { label: string; heatMap: { rows: number; columns: number; values: number[]; url: string } }[];
        }[];
      };
    }>(
      gateway.url,
      `query($uid: DicomUID!) { instance(sopInstanceUid: $uid) { previewUrl inferences { findings { label heatMap { rows columns values url } } } } }`,
      { uid },
    );
    const heatMap = instance.inferences[0]?.findings[0]?.heatMap;
    expect(heatMap).toMatchObject({ rows: 4, columns: 4 });
    expect(heatMap?.values).toHaveLength(16);
    for (const [path, channels] of [
      [instance.previewUrl, 1],
      [heatMap?.url, 3],
    ] as const) {
      const response = await fetch(new URL(path ?? '', gateway.url));
      expect(response.headers.get('content-type')).toBe('image/png');
      const image = decode(new Uint8Array(await response.arrayBuffer()));
      expect(image).toMatchObject({ width: 256, height: 256, channels });
    }
    const missing = await fetch(`${gateway.url}/instances/1.2.3/preview.png`);
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('sent by the GraphQL mutation is stored; a bad file beside it fails alone', async () => {
    const { film, uid } = phantom();
    const form = new FormData();
    const query = `mutation($files: [Upload!]!) { ingestInstances(files: $files, priority: STAT) { results {
      fileName duplicate instance { sopInstanceUid } inference { priority } error { code message } } } }`;
    form.append('operations', JSON.stringify({ query, variables: { files: [null, null] } }));
    form.append('map', JSON.stringify({ 0: ['variables.files.0'], 1: ['variables.files.1'] }));
    form.append('0', new Blob([Buffer.from(film)]), 'film.dcm');
    form.append('1', new Blob(['<html>']), 'page.dcm');
    const send = (headers: Record<string, string>) =>
      fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body: form });
    expect((await send({})).status).toBe(400); // CSRF prevention
    const { data } = (await (await send({ 'apollo-require-preflight': 'true' })).json()) as {
      data: { ingestInstances: { results: unknown[] } };
    };
    expect(data.ingestInstances.results).toMatchObject([
      {
        fileName: 'film.dcm',
        duplicate: false,
        instance: { sopInstanceUid: uid },
        inference: { priority: 'STAT' },
        error: null,
      },
      { fileName: 'page.dcm', instance: null, error: { code: 'NOT_DICOM' } },
    ]);
    expect(await settled(uid)).toMatchObject({ state: 'DONE' });
  });
});

describe('a subscriber', () => {
  it('that was away gets what it missed in order, once, then the live ones, also on another process', async () => {
    await using first = await subscribe<Completed>(gateway.url, LIVE);
    const before = phantom();
    await stow(gateway.url, [before.film]);
    const seen = await first.next();
    expect(seen.findingsCompleted.inference.instance.sopInstanceUid).toBe(before.uid);
    await first[Symbol.asyncDispose]();
    const missed = [phantom(), phantom(), phantom()];
    for (const { film, uid } of missed) {
      await stow(gateway.url, [film]);
      await settled(uid);
    }
    const other = await gateway.another({ ROLE: 'api' });
    await using second = await subscribe<Completed>(other.url, LIVE, { after: seen.findingsCompleted.cursor });
    const received: string[] = [];
    for (const _ of missed) received.push((await second.next()).findingsCompleted.inference.instance.sopInstanceUid);
    expect(received).toEqual(missed.map(({ uid }) => uid));
    const live = phantom();
    await stow(other.url, [live.film]);
    expect((await second.next()).findingsCompleted.inference.instance.sopInstanceUid).toBe(live.uid);
  });

  it('is told when its cursor is none', async () => {
    await using subscription = await subscribe<Completed>(gateway.url, LIVE, { after: 'nonsense' });
    await expect(subscription.next()).rejects.toMatchObject([{ extensions: { code: 'CURSOR_INVALID' } }]);
  });
});

describe('an administrator', () => {
  it('is told to wait for a film that waits, and cannot cancel one that is done', async () => {
    const { film, uid } = phantom();
    await stow(gateway.url, [film]);
    const { id } = await settled(uid);
    const cancel = graphql(
      gateway.url,
      'mutation($id: ID!) { cancelInference(inferenceId: $id) { inference { state } } }',
      { id },
    );
    await expect(cancel).rejects.toThrow('INVALID_STATE');
  });
});

describe('health', () => {
  it('is told by /healthz and /readyz, and measured at /metrics', async () => {
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${gateway.url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.text()).toMatch(/chexnet-demo@[\d.]+ by (INT8 with [78]-bit weights|FP32) \([0-9a-f]{12}\)/);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toContain('cxr_gateway_films_total{door="STOW_RS",outcome="stored"}');
    expect(metrics).toContain('cxr_gateway_inferences_total{state="DONE"}');
    expect(metrics).toContain('cxr_gateway_queue_jobs{state="waiting",priority="live"} 0');
    expect(metrics).toContain('cxr_gateway_queue_jobs{state="waiting",priority="background"} 0');
  });
});

const shared = sharedData();

describe.skipIf(shared === undefined)('real films (needs ../shared)', () => {
  it.each(NIH_FILMS)(
    '$file: bytes in by STOW-RS, the probabilities of an independent run out by subscription',
    async ({ file, int8 }) => {
      await using live = await subscribe<Completed>(gateway.url, LIVE);
      const answer = await stow(gateway.url, [await readFile(join(shared ?? '', 'data', 'films', 'chest', file))]);
      expect(answer.status).toBe(200);
      const { inference, findings } = (await live.next()).findingsCompleted;
      expect(inference.instance.sopInstanceUid).toBe(answer.stored[0]);
      // The header names neither body part nor view, so the reading carries the warning.
      expect(inference.warnings.length).toBeGreaterThan(0);
      expect(findings).toHaveLength(14);
      for (const { label, probability } of findings) {
        expect(Math.abs(probability - (int8[label] ?? Number.NaN))).toBeLessThan(1e-3);
      }
    },
  );
});
