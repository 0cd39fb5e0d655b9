/** Compressed films through a whole gateway: in by STOW-RS, findings out. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Elements } from '../src/dicom/part10-writer.ts';
import { makePhantom, phantomUid } from '../src/dicom/phantom.ts';
import {
  HTJ2K_LOSSLESS,
  JPEG_2000_LOSSLESS,
  JPEG_LOSSLESS_FIRST_ORDER,
  JPEG_LS_LOSSLESS,
  nameOfTransferSyntax,
  RLE_LOSSLESS,
} from '../src/dicom/transfer-syntaxes.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { graphql, stow, subscribe } from './support/client.ts';
import { recoded } from './support/encoded-films.ts';
import { ENCODERS, type Encode } from './support/encoders.ts';

interface Read {
  instance: {
    transferSyntaxUid: string;
    numberOfFrames: number;
    eligibility: string;
    inferences: {
      state: string;
      warnings: string[];
      error: { code: string } | null;
      findings: { label: string; probability: number }[];
    }[];
  };
}

const INSTANCE = `query($uid: DicomUID!) { instance(sopInstanceUid: $uid) {
  transferSyntaxUid numberOfFrames eligibility
  inferences { state warnings error { code } findings { label probability } } } }`;

let gateway: TestApp;

beforeAll(async () => {
  gateway = await startTestApp();
});

afterAll(() => gateway?.[Symbol.asyncDispose]());

/** One anatomy, under another SOP Instance UID each time. */
function film(name: string, frames?: number) {
  const uid = phantomUid(name);
  const elements: Elements = {
    '00080018': ['UI', uid],
    ...(frames === undefined ? {} : { '00280008': ['IS', String(frames)] }),
  };
  return { uid, bytes: makePhantom({ seed: 77, rows: 256, columns: 256, elements }) };
}

const encoderOf = (syntaxUid: string): Encode => {
  const encode = ENCODERS[syntaxUid];
  if (encode === undefined) throw new Error(`No encoder for ${syntaxUid}`);
  return encode;
};

/** Sends a film and returns its records once its reading has ended. */
async function readingOf(uid: string, bytes: Uint8Array): Promise<Read['instance']> {
  const answer = await stow(gateway.url, [bytes]);
  expect(answer).toMatchObject({ status: 200, stored: [uid] });
  await using progress = await subscribe<{ inferenceProgress: { state: string } }>(
    gateway.url,
    `subscription($study: DicomUID!, $after: String) { inferenceProgress(studyInstanceUid: $study, after: $after) { state } }`,
    { study: phantomUid('study 77') },
  );
  for (;;) {
    const { instance } = await graphql<Read>(gateway.url, INSTANCE, { uid });
    if (!['QUEUED', 'RUNNING'].includes(instance.inferences[0]?.state ?? '')) return instance;
    await progress.next();
  }
}

it.each(
  [RLE_LOSSLESS, JPEG_LOSSLESS_FIRST_ORDER, JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS].map(
    (uid) => [nameOfTransferSyntax(uid), uid] as const,
  ),
)('%s gives the findings of the uncompressed film', async (_, syntaxUid) => {
  const plain = film(`plain beside ${syntaxUid}`);
  const compressed = film(`compressed as ${syntaxUid}`);
  const expected = await readingOf(plain.uid, plain.bytes);
  const found = await readingOf(compressed.uid, await recoded(compressed.bytes, syntaxUid, encoderOf(syntaxUid)));
  expect(found).toMatchObject({ transferSyntaxUid: syntaxUid, numberOfFrames: 1 });
  expect(found.inferences[0]).toMatchObject({ state: 'DONE' });
  expect(found.inferences[0]?.findings).toHaveLength(14);
  expect(found.inferences[0]?.findings).toEqual(expected.inferences[0]?.findings);
});

it('of several frames the first is read, with a warning', async () => {
  const { uid, bytes } = film('frames', 2);
  const pixels = 256 * 256 * 2;
  const both = Buffer.concat([bytes.subarray(0, bytes.length - pixels), bytes.subarray(-pixels), Buffer.alloc(pixels)]);
  both.writeUInt32LE(2 * pixels, bytes.length - pixels - 4);
  const instance = await readingOf(uid, both);
  expect(instance).toMatchObject({ numberOfFrames: 2, eligibility: 'READ_WITH_WARNING' });
  expect(instance.inferences[0]?.warnings.join()).toContain('NUMBER_OF_FRAMES');
  expect(instance.inferences[0]?.state).toBe('DONE');
});

it('a cut codestream is refused at the door', async () => {
  const { bytes } = film('cut');
  const cut: Encode = async (grey) => (await encoderOf(JPEG_LS_LOSSLESS)(grey)).slice(0, -600);
  const answer = await stow(gateway.url, [await recoded(bytes, JPEG_LS_LOSSLESS, cut)]);
  expect(answer).toMatchObject({ status: 400, stored: [], failures: [0xc000] });
});

it('damage that only decoding finds fails the reading for good, with its code', async () => {
  const { uid, bytes } = film('damaged');
  const damaged: Encode = async (grey) => {
    const frame = Buffer.from(await encoderOf(JPEG_LS_LOSSLESS)(grey));
    return Buffer.concat([frame.subarray(0, frame.length >> 1), frame.subarray(-2)]);
  };
  const { inferences } = await readingOf(uid, await recoded(bytes, JPEG_LS_LOSSLESS, damaged));
  expect(inferences[0]).toMatchObject({ state: 'FAILED', error: { code: 'PIXEL_DATA_CORRUPT' }, findings: [] });
});
