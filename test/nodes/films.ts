/** Films for the tests of nodes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DicomNode } from '../../src/dicom/network/node.ts';
import { makePhantom, type PhantomOptions } from '../../src/dicom/phantom.ts';
import { openFilm } from '../../src/nodes/film-files.ts';
import type { FilmListener, OutgoingFilm } from '../../src/nodes/node-client.ts';
import { preferredClient } from '../../src/nodes/node-clients.ts';
import { clientOptions } from '../support/nodes.ts';
import { freshUid } from '../support/records.ts';

/** Study Instance UID, Series Instance UID and so on of one phantom. */
export interface PhantomStudy {
  readonly studyInstanceUid: string;
  readonly patientId: string;
  readonly issuer?: string;
  readonly accessionNumber: string;
  /** YYYYMMDD. */
  readonly studyDate: string;
}

/** A study nobody has. */
export function freshStudy(overrides: Partial<PhantomStudy> = {}): PhantomStudy {
  const studyInstanceUid = freshUid();
  const number = studyInstanceUid.slice(-8);
  return {
    studyInstanceUid,
    patientId: `MRN-${number}`,
    accessionNumber: `ACC-${number}`,
    studyDate: '20260102',
    ...overrides,
  };
}

/** A small film of a study. */
export function phantomOf(study: PhantomStudy, options: Partial<PhantomOptions> = {}): Uint8Array {
  const { elements, ...rest } = options;
  return makePhantom({
    seed: 7,
    rows: 256,
    columns: 256,
    ...rest,
    elements: {
      '00080018': ['UI', freshUid()],
      '0020000d': ['UI', study.studyInstanceUid],
      '0020000e': ['UI', `${study.studyInstanceUid}.1`.slice(0, 64)],
      '00080020': ['DA', study.studyDate],
      '00080050': ['SH', study.accessionNumber],
      '00100020': ['LO', study.patientId],
      '00100021': study.issuer === undefined ? undefined : ['LO', study.issuer],
      ...elements,
    },
  });
}

/** Writes films to files that are removed when the test ends. */
export async function outgoing(...films: readonly Uint8Array[]): Promise<OutgoingFilm[]> {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-films-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return writeFilms(folder, films);
}

/** Has a node store films, which must succeed. */
export async function storeAt(node: DicomNode, ...films: readonly Uint8Array[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-films-'));
  try {
    await preferredClient(node, clientOptions()).sendFilms(await writeFilms(folder, films), (_, error) => {
      if (error !== undefined) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeFilms(folder: string, films: readonly Uint8Array[]): Promise<OutgoingFilm[]> {
  return Promise.all(
    films.map(async (bytes, index) => {
      const path = join(folder, `${index}.dcm`);
      await writeFile(path, bytes);
      return openFilm(path);
    }),
  );
}

/** A listener and what it was told: UID and error code, undefined for stored films. */
export function settlements(): { readonly listener: FilmListener; readonly told: (string | undefined)[][] } {
  const told: (string | undefined)[][] = [];
  return { told, listener: (uid, error) => told.push([uid, error?.code]) };
}
