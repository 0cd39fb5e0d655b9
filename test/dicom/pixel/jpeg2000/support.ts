/** Grey codestreams of every structure, made by OpenJPEG's opj_compress where it is installed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJpeg2000 } from '../../../../src/dicom/pixel/codecs/cornerstone.ts';
import type { CodestreamHeader } from '../../../../src/dicom/pixel/codestream.ts';
import { bytesOf, type Grey } from '../../../support/encoders.ts';

/** A shape with noise, which every code-block has something to say of. */
export function noisyGrey(rows: number, columns: number, precision = 12): Grey {
  let state = 2463534242;
  const range = 2 ** precision;
  const words = Uint16Array.from({ length: rows * columns }, (_, index) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const shape =
      Math.sin((Math.PI * Math.floor(index / columns)) / rows) * Math.sin((5 * (index % columns)) / columns);
    return Math.floor(range * (0.45 + 0.4 * shape + 0.05 * (state / 2 ** 32)));
  });
  return { rows, columns, precision, words };
}

/** Encodes with parameters of opj_compress. */
export function compress(grey: Grey, ...parameters: string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'opj-'));
  try {
    const raw = join(folder, 'film.raw');
    const output = join(folder, 'film.j2k');
    writeFileSync(raw, bytesOf(grey.words));
    const format = `${grey.columns},${grey.rows},1,${grey.precision},u`;
    execFileSync('opj_compress', ['-i', raw, '-o', output, '-F', format, ...parameters], { stdio: 'pipe' });
    return readFileSync(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function headerOf({ rows, columns, precision }: Grey, lossless = true): CodestreamHeader {
  return { rows, columns, precision, components: 1, signed: false, lossless, start: 0 };
}

/** All samples, decoded by one thread at once. */
export async function decodeWhole(codestream: Uint8Array, header: CodestreamHeader): Promise<Uint16Array> {
  let whole = new Uint16Array(0);
  await decodeJpeg2000(codestream, header, (samples) => {
    whole = Uint16Array.from(samples);
  });
  return whole;
}
