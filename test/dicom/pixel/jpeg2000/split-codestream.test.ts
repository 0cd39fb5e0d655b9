/** The bands of a split codestream are, bit for bit, the rows of the whole. */
import { describe, expect, test } from 'vitest';
import { Random } from '../../../../fuzz/random.ts';
import type { CodestreamHeader } from '../../../../src/dicom/pixel/codestream.ts';
import { splitCodestream } from '../../../../src/dicom/pixel/jpeg2000/split-codestream.ts';
import { JPEG_2000, JPEG_2000_LOSSLESS } from '../../../../src/dicom/transfer-syntaxes.ts';
import { installed } from '../../../support/peers/programs.ts';
import { encode } from '../support.ts';
import { compress, decodeWhole, headerOf, noisyGrey } from './support.ts';

const hasOpenJpeg = installed('opj_compress') !== undefined;
const film = noisyGrey(420, 310);
const bytes = (samples: Uint16Array) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);

/** Decodes every band of as many as were wanted, or fewer, and puts their rows together. */
async function decodeBands(codestream: Uint8Array, header: CodestreamHeader, wanted: number) {
  const bands = splitCodestream(codestream, wanted) ?? [];
  const samples = new Uint16Array(header.rows * header.columns);
  let next = 0;
  for (const { firstRow, rows, codestream: band } of bands) {
    expect(firstRow).toBe(next);
    next += rows;
    const whole = await decodeWhole(band, header);
    samples.set(whole.subarray(firstRow * header.columns, next * header.columns), firstRow * header.columns);
  }
  expect(next).toBe(header.rows);
  return { bands, samples };
}

async function expectSameRows(codestream: Uint8Array, header: CodestreamHeader): Promise<void> {
  const before = Uint8Array.from(codestream);
  const whole = await decodeWhole(codestream, header);
  for (const wanted of [2, 3, 4]) {
    const { bands, samples } = await decodeBands(codestream, header, wanted);
    expect(bands.length).toBeGreaterThan(1);
    expect(bands.length).toBeLessThanOrEqual(wanted);
    expect(Buffer.compare(bytes(samples), bytes(whole))).toBe(0);
  }
  expect(Uint8Array.from(codestream)).toEqual(before);
}

test.each([
  ['reversible', JPEG_2000_LOSSLESS, true],
  ['irreversible', JPEG_2000, false],
] as const)('%s, as the test films are encoded', async (_, uid, lossless) => {
  await expectSameRows(await encode(uid, film), headerOf(film, lossless));
});

test('each of two bands has about half of the bytes', async () => {
  const large = noisyGrey(1024, 1024);
  const codestream = await encode(JPEG_2000_LOSSLESS, large);
  const bands = splitCodestream(codestream, 2) ?? [];
  expect(bands).toHaveLength(2);
  for (const { codestream: band } of bands) expect(band.length / codestream.length).toBeLessThan(0.7);
});

describe.skipIf(!hasOpenJpeg)('structures of opj_compress (needs OpenJPEG)', () => {
  test.each([
    ['LRCP', '-p LRCP'],
    ['RLCP, blocks of 32 x 32', '-p RLCP -b 32,32 -n 4'],
    ['RPCL, precincts', '-p RPCL -c [256,256],[128,128],[64,64]'],
    ['PCRL, precincts', '-p PCRL -c [256,256],[128,128] -n 5'],
    ['CPRL, precincts', '-p CPRL -c [128,128] -n 4'],
    ['layers', '-r 40,10,4,1'],
    ['layers, RLCP', '-r 40,10,1 -p RLCP'],
    ['layers, PCRL, precincts, SOP and EPH', '-r 40,10,1 -p PCRL -c [128,256] -SOP -EPH'],
    ['SOP', '-SOP'],
    ['EPH', '-EPH'],
    ['tiles', '-t 150,200 -n 4'],
    ['tiles, PCRL, precincts, layers', '-t 150,200 -n 4 -p PCRL -c [64,64] -r 20,1'],
    ['irreversible', '-I -r 10'],
    ['irreversible, layers, few levels', '-I -r 30,10,3 -n 3'],
    ['an image that begins off the origin', '-d 13,77 -n 5'],
    ['tiles that begin off the origin', '-d 13,77 -T 5,9 -t 256,133 -n 4 -p PCRL -c [128,128]'],
    ['tiles and small precincts far off the origin', '-d 1001,777 -T 999,700 -t 256,233 -n 4 -p CPRL -c [64,128] -EPH'],
    ['contexts reset', '-M 2'],
    ['vertically causal contexts', '-M 8'],
    ['segmentation symbols', '-M 32'],
    ['no wavelet', '-n 1'],
    ['the smallest blocks', '-n 2 -b 4,4 -r 12'],
    ['wide blocks', '-b 1024,4'],
    ['tile-parts by resolution', '-TP R'],
    ['tile-parts by layer', '-TP L -r 10,1'],
    ['tiles in tile-parts', '-t 256,256 -TP R -p RPCL -n 4'],
    ['lengths of packets and tile-parts', '-PLT -TLM'],
  ])('%s', async (_, parameters) => {
    const codestream = compress(film, ...parameters.split(' '));
    await expectSameRows(codestream, headerOf(film, !parameters.includes('-I')));
  });

  test.each([
    ['selective arithmetic coding bypass', '-M 1'],
    ['termination on each pass', '-M 4'],
    ['a region of interest', '-ROI c=0,U=5'],
    ['blocks as high as the film', '-b 4,1024'],
  ])('is left whole: %s', (_, parameters) => {
    expect(splitCodestream(compress(film, ...parameters.split(' ')), 2)).toBeNull();
  });

  test('is left whole: more code-blocks than any film has', () => {
    const large = noisyGrey(1100, 1100);
    expect(splitCodestream(compress(large, '-b', '4,4', '-r', '12'), 2)).toBeNull();
  });
});

describe('damage', () => {
  test('a codestream that was cut anywhere is left whole', async () => {
    const codestream = await encode(JPEG_2000_LOSSLESS, film);
    for (let length = 0; length < codestream.length; length += 97) {
      expect(splitCodestream(codestream.subarray(0, length), 2)).toBeNull();
    }
  });

  test('more layers than any film has are left whole, quickly', async () => {
    const large = await encode(JPEG_2000_LOSSLESS, noisyGrey(2048, 2048));
    const layers = 65_535;
    const body = Buffer.from(large).indexOf(Uint8Array.of(0xff, 0x93)) + 2;
    const empty = Buffer.concat([large.subarray(0, body), new Uint8Array(6 * layers), Uint8Array.of(0xff, 0xd9)]);
    const cod = empty.indexOf(Uint8Array.of(0xff, 0x52));
    const sot = empty.indexOf(Uint8Array.of(0xff, 0x90));
    empty.writeUInt16BE(layers, cod + 6);
    empty.writeUInt32BE(empty.length - 2 - sot, sot + 6);
    const began = performance.now();
    expect(splitCodestream(empty, 4)).toBeNull();
    // Whole packets read and written for it would be four thousand million looks at a code-block.
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test('bytes that were changed decode, or fail, as the whole does', async () => {
    const small = noisyGrey(260, 70);
    const header = headerOf(small);
    const original = await encode(JPEG_2000_LOSSLESS, small);
    const random = new Random(0, 1);
    const outcomes = { whole: 0, inBands: 0 };
    for (let count = 0; count < 400; count += 1) {
      const codestream = Uint8Array.from(original);
      // Half of them where the headers are.
      const within = count % 2 === 0 ? 400 : codestream.length;
      for (let flips = random.below(3); flips >= 0; flips -= 1) codestream[random.below(within)] = random.below(256);
      const isSplit = splitCodestream(codestream, 2) !== null;
      outcomes[isSplit ? 'inBands' : 'whole'] += 1;
      if (!isSplit) continue;
      const outcomeOf = (samples: Promise<Uint16Array>) => samples.then(bytes, () => 'damaged');
      const whole = await outcomeOf(decodeWhole(codestream, header));
      const inBands = await outcomeOf(decodeBands(codestream, header, 2).then(({ samples }) => samples));
      if (typeof whole === 'string' || typeof inBands === 'string') expect([count, inBands]).toEqual([count, whole]);
      else expect([count, Buffer.compare(inBands, whole)]).toEqual([count, 0]);
    }
    expect(outcomes.inBands).toBeGreaterThan(50);
    expect(outcomes.whole).toBeGreaterThan(50);
  });
});
