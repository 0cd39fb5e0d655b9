/** Films in the transfer syntaxes of real archives, which nobody on the way may change. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHeader } from '../../src/dicom/header.ts';
import { openFilm } from '../../src/nodes/film-files.ts';
import type { OutgoingFilm } from '../../src/nodes/node-client.ts';
import { preferredClient } from '../../src/nodes/node-clients.ts';
import { LIMITS } from '../dicom/support.ts';
import { clientOptions } from '../support/nodes.ts';
import { hasDcmtk, startStoreScp } from '../support/peers/dcmtk.ts';
import { hasOrthanc, type Orthanc, startOrthanc } from '../support/peers/orthanc.ts';
import { freePort } from '../support/peers/programs.ts';
import { sharedData } from '../support/shared.ts';
import { settlements } from './films.ts';

const shared = sharedData();

/** One film of each transfer syntax. @param prefix - of the file names */
async function filmsOfSyntaxes(prefix = ''): Promise<OutgoingFilm[]> {
  const folder = join(shared ?? '', 'data', 'syntaxes');
  const bySyntax = new Map<string, OutgoingFilm>();
  for (const name of (await readdir(folder)).filter((one) => one.startsWith(prefix) && one.endsWith('.dcm')).sort()) {
    const film = await openFilm(join(folder, name)).catch(() => undefined);
    if (film !== undefined && !bySyntax.has(film.transferSyntaxUid)) bySyntax.set(film.transferSyntaxUid, film);
  }
  return [...bySyntax.values()];
}

async function dataSetOf({ path, dataSetStart }: OutgoingFilm): Promise<Buffer> {
  return (await readFile(path)).subarray(dataSetStart);
}

describe.skipIf(!hasDcmtk || shared === undefined)('storescp (needs DCMTK and ../shared)', () => {
  it('takes films of all transfer syntaxes on one association, byte for byte', async () => {
    await using server = await startStoreScp(['--bit-preserving', '--unique-filenames', '+xa']);
    const films = await filmsOfSyntaxes();
    expect(films.length).toBeGreaterThan(6);
    const { told, listener } = settlements();
    await preferredClient(server.node, clientOptions()).sendFilms(films, listener);
    expect(told.map(([, code]) => code)).toEqual(films.map(() => undefined));
    const kept = await Promise.all((await server.files()).map((path) => readFile(path)));
    for (const film of films) {
      const dataSet = await dataSetOf(film);
      expect(
        kept.some((file) => file.includes(dataSet)),
        film.transferSyntaxUid,
      ).toBe(true);
    }
  });
});

describe.skipIf(!hasOrthanc || shared === undefined)(
  'Orthanc (needs Orthanc with its DICOMweb plugin and ../shared)',
  () => {
    let orthanc: Orthanc;

    beforeAll(async () => {
      orthanc = await startOrthanc({ port: await freePort() });
    });

    afterAll(() => orthanc?.[Symbol.asyncDispose]());

    it.each(['dicomWeb', 'dimse'] as const)('gives compressed films back as it got them, by %s', async (protocol) => {
      // One radiograph in eight syntaxes, of which Orthanc knows all.
      const films = await filmsOfSyntaxes('rg3-');
      expect(films.length).toBeGreaterThan(6);
      const stored = settlements();
      await preferredClient(orthanc.dicomWeb, clientOptions()).sendFilms(films, stored.listener);
      expect(stored.told.map(([, code]) => code)).toEqual(films.map(() => undefined));
      const client = preferredClient(orthanc[protocol], clientOptions());
      for (const film of films) {
        const received: Buffer[] = [];
        const fetched = settlements();
        await client.fetchStudy(
          (await readHeader(film.path, LIMITS)).studyInstanceUid,
          async ({ bytes }) => {
            const chunks: Uint8Array[] = [];
            for await (const chunk of bytes) chunks.push(chunk);
            received.push(Buffer.concat(chunks));
          },
          fetched.listener,
        );
        expect(fetched.told.every(([, code]) => code === undefined)).toBe(true);
        // DCMTK closes the fragments of some syntaxes in another way than the sender did.
        const pixels = (await dataSetOf(film)).subarray(-60_000, -10_000);
        const isWhole = received.some((file) => file.includes(pixels));
        expect(isWhole, film.transferSyntaxUid).toBe(true);
      }
    });
  },
);
