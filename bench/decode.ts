/**
 * Reading one film of 2048 x 2048 and 12 bits in every transfer syntax, from its file to words and their table of grey
 * levels, beside DCMTK, GDCM or OpenJPEG decoding the same file into a file. A tool is a whole process: of its time that of
 * the same tool's `--version` is taken off, measured in the same round. Ours runs in one warm thread, as films are read in
 * service. GDCM decodes JPEG 2000 with a thread a core and so do we when the other threads are idle, so both are measured
 * on one core too. All take turns, and medians are compared, so that a machine that changes its speed changes it for all.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { PixelMemory, readFilm } from '../src/dicom/film.ts';
import * as Syntax from '../src/dicom/transfer-syntaxes.ts';
import { LIMITS } from './support/built.ts';
import { type CompressedFilm, compressedFilms } from './support/compressed-films.ts';
import { temporaryFolder } from './support/films.ts';
import { isInstalled, timeOf } from './support/native-tool.ts';
import { type Bench, type Goal, goal, median } from './support/report.ts';

const ROUNDS = 9;
const WARM_UP = 3;
const RATIO = 1.5;

interface Tool {
  readonly name: string;
  readonly command: string;
  /** Parameters before input and output. */
  readonly options: readonly string[];
  /** Shows its version, or its help, and ends. */
  readonly start: readonly string[];
  /** Held to one core, though it can use more; ours then has one thread too. */
  readonly onOneCore?: true;
}

const tool = (command: string, ...options: string[]): Tool => ({
  name: command,
  command,
  options,
  start: ['--version'],
});
const GDCM = tool('gdcmconv', '--raw');
const ONE_CORE = ['-c', '0', 'gdcmconv'];
const GDCM_ON_ONE_CORE: Tool = {
  name: 'gdcmconv on one core',
  command: 'taskset',
  options: [...ONE_CORE, '--raw'],
  start: [...ONE_CORE, '--version'],
  onOneCore: true,
};
/** Reads codestreams, no DICOM. Its one way to do nothing is to show its help. */
const OPENJPEG: Tool = { name: 'opj_decompress', command: 'opj_decompress', options: [], start: ['-h'] };

const TOOLS: Readonly<Record<string, readonly Tool[]>> = {
  [Syntax.IMPLICIT_VR_LITTLE_ENDIAN]: [tool('dcmconv', '+te')],
  [Syntax.EXPLICIT_VR_LITTLE_ENDIAN]: [tool('dcmconv', '+te')],
  [Syntax.EXPLICIT_VR_BIG_ENDIAN]: [tool('dcmconv', '+te')],
  [Syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN]: [tool('dcmconv', '+te')],
  [Syntax.RLE_LOSSLESS]: [tool('dcmdrle')],
  [Syntax.JPEG_BASELINE]: [tool('dcmdjpeg')],
  [Syntax.JPEG_EXTENDED]: [tool('dcmdjpeg')],
  [Syntax.JPEG_LOSSLESS]: [tool('dcmdjpeg')],
  [Syntax.JPEG_LOSSLESS_FIRST_ORDER]: [tool('dcmdjpeg')],
  [Syntax.JPEG_LS_LOSSLESS]: [tool('dcmdjpls')],
  [Syntax.JPEG_LS_NEAR_LOSSLESS]: [tool('dcmdjpls')],
  [Syntax.JPEG_2000_LOSSLESS]: [GDCM, GDCM_ON_ONE_CORE],
  [Syntax.JPEG_2000]: [GDCM, GDCM_ON_ONE_CORE],
  [Syntax.HTJ2K_LOSSLESS]: [OPENJPEG],
  [Syntax.HTJ2K_LOSSLESS_RPCL]: [OPENJPEG],
  [Syntax.HTJ2K]: [OPENJPEG],
};

/** Ours or a tool, with the times of its rounds. */
interface Contestant {
  /** Before `ms`, with a comma; nothing for ours. */
  readonly name: string;
  readonly run: () => Promise<number> | number;
  readonly milliseconds: number[];
}

export const decodeBench: Bench = async () => {
  await using folder = await temporaryFolder('bench-decode');
  const films = await compressedFilms(folder.path);
  const memory = new PixelMemory();
  const figures: Record<string, number> = {};
  const goals: Goal[] = [];
  const missing = new Set<string>();
  for (const film of films) {
    const { syntax, path, pixelBytes } = film;
    const tools = (TOOLS[syntax.uid] ?? []).filter(({ command, name }) => {
      const isHere = isInstalled(command) && isInstalled(name.split(' ')[0] ?? '');
      if (!isHere) missing.add(name);
      return isHere;
    });
    const read = async (spareThreads: number) => {
      const began = performance.now();
      await readFilm(path, LIMITS, memory, spareThreads);
      return performance.now() - began;
    };
    const ours: Contestant = { name: '', run: () => read(availableParallelism() - 1), milliseconds: [] };
    const oursInOneThread: Contestant = { name: 'in one thread, ', run: () => read(0), milliseconds: [] };
    const natives = tools.map((each) => ({
      name: `${each.name}, `,
      run: nativeDecoder(each, film, folder.path),
      milliseconds: [],
      rival: each.onOneCore === true ? oursInOneThread : ours,
    }));
    const all: Contestant[] = [...new Set([ours, ...natives.map(({ rival }) => rival)]), ...natives];
    for (let count = 0; count < WARM_UP; count += 1) await ours.run();
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { run, milliseconds } of all) milliseconds.push(await run());
    }
    const name = shortNameOf(syntax.uid);
    figures[`${name}, MB/s`] = pixelBytes / 1000 / median(ours.milliseconds);
    for (const each of all) figures[`${name}, ${each.name}ms`] = median(each.milliseconds);
    for (const { name: native, milliseconds, rival } of natives) {
      const ratio = median(rival.milliseconds) / median(milliseconds);
      goals.push(goal(`${name} / ${native.replace(', ', '')}`, ratio, '<=', RATIO));
    }
  }
  return { figures, goals, notes: notesOn(films, missing) };
};

/** Decodes with a tool; returns milliseconds without the start of its process. */
function nativeDecoder(native: Tool, { path }: CompressedFilm, folder: string): () => number {
  const isCodestream = native === OPENJPEG;
  const input = isCodestream ? codestreamOf(path) : path;
  const output = join(folder, isCodestream ? 'decoded.raw' : 'decoded.dcm');
  const parameters = isCodestream ? ['-i', input, '-o', output] : [...native.options, input, output];
  return () => {
    // OpenJPEG's help ends with 1.
    const start = timeOf(native.command, native.start, [0, 1]);
    return Math.max(0, timeOf(native.command, parameters) - start);
  };
}

/** The codestream of a film of one fragment in a file of its own. */
function codestreamOf(path: string): string {
  const bytes = readFileSync(path);
  const codestream = join(`${path}.j2c`);
  writeFileSync(codestream, bytes.subarray(bytes.indexOf(Uint8Array.of(0xff, 0x4f, 0xff, 0x51)), bytes.length - 8));
  return codestream;
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  [Syntax.IMPLICIT_VR_LITTLE_ENDIAN]: 'implicit LE',
  [Syntax.EXPLICIT_VR_LITTLE_ENDIAN]: 'explicit LE',
  [Syntax.ENCAPSULATED_UNCOMPRESSED]: 'encapsulated uncompressed',
  [Syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN]: 'deflated',
  [Syntax.EXPLICIT_VR_BIG_ENDIAN]: 'explicit BE',
  [Syntax.JPEG_BASELINE]: 'JPEG baseline (8 bits)',
  [Syntax.JPEG_EXTENDED]: 'JPEG extended',
  [Syntax.JPEG_LOSSLESS]: 'JPEG lossless',
  [Syntax.JPEG_LOSSLESS_FIRST_ORDER]: 'JPEG lossless SV1',
  [Syntax.JPEG_LS_LOSSLESS]: 'JPEG-LS lossless',
  [Syntax.JPEG_LS_NEAR_LOSSLESS]: 'JPEG-LS near-lossless',
  [Syntax.JPEG_2000_LOSSLESS]: 'JPEG 2000 lossless',
  [Syntax.JPEG_2000]: 'JPEG 2000',
  [Syntax.HTJ2K_LOSSLESS]: 'HTJ2K lossless',
  [Syntax.HTJ2K_LOSSLESS_RPCL]: 'HTJ2K lossless RPCL',
  [Syntax.HTJ2K]: 'HTJ2K',
  [Syntax.RLE_LOSSLESS]: 'RLE',
  [Syntax.DEFLATED_IMAGE_FRAME]: 'deflated frame',
};

function shortNameOf(uid: string): string {
  return SHORT_NAMES[uid] ?? uid;
}

function notesOn(films: readonly CompressedFilm[], missing: ReadonlySet<string>): string[] {
  const made = new Set(films.map(({ syntax }) => syntax.uid));
  const absent = Syntax.READABLE_TRANSFER_SYNTAXES.filter(({ uid }) => !made.has(uid));
  return [
    'Ours: file to words and table of grey, in one warm thread. Tools: file to file as a process, less the time of its `--version` ' +
      '(`opj_decompress`: help, on the codestream alone). GDCM decodes JPEG 2000 with a thread a core, ours with every thread of the pool that is idle, here a core each; on one core, both with one thread. The film is a phantom with quantum noise; ' +
      'JPEG baseline has 8 bits of it.',
    ...(missing.size === 0 ? [] : [`Not installed, so not compared: ${[...missing].join(', ')}.`]),
    ...(absent.length === 0
      ? []
      : [`Could not be made here: ${absent.map(({ uid }) => shortNameOf(uid)).join(', ')}.`]),
  ];
}
