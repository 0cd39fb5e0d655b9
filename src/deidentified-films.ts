/** Films without their identity, for those who need none: pictures, and DICOM files after PS3.15's basic profile. */
import { createHash } from 'node:crypto';
import type { Caller } from './access/caller.ts';
import type { Pseudonyms } from './access/pseudonyms.ts';
import { scopeOf } from './access/scope-of.ts';
import type { FilmLimits } from './config.ts';
import { bytesOf, type Deidentifier } from './dicom/deidentify/deidentifier.ts';
import { GatewayError } from './errors.ts';
import { MAXIMUM_PICTURE_SIZE } from './images.ts';
import type { InferencePool } from './inference/pool.ts';
import { recordsOfUids, storedFilmById } from './store/reads/deidentified.ts';
import type { StoredFilm } from './store/reads/pictures.ts';
import type { Store } from './store/store.ts';

/** What they are made from. */
export interface DeidentifiedFilmsOptions {
  readonly store: Pick<Store, 'reads'>;
  readonly pool: Pick<InferencePool, 'renderPreview'>;
  readonly deidentifier: Deidentifier;
  readonly pseudonyms: Pseudonyms;
  readonly limits: FilmLimits;
  readonly blobPath: (key: string) => string;
}

/** A picture, and whose it is: for the audit alone. */
export interface DeidentifiedPicture {
  readonly film: StoredFilm;
  readonly png: Uint8Array;
}

/** A file, and whose it is: for the audit alone. */
export interface DeidentifiedFile {
  readonly film: StoredFilm;
  readonly byteLength: number;
  /** Another one for other bytes. */
  readonly digest: string;
  /** Reads as it is asked; once. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Gives out films without their identity. */
export class DeidentifiedFilms {
  readonly #options: DeidentifiedFilmsOptions;

  constructor(options: DeidentifiedFilmsOptions) {
    this.#options = options;
  }

  /**
   * The film as 8-bit grey PNG.
   *
   * @param pseudonym - of the film
   * @throws GatewayError NOT_FOUND, also where the caller may not see the film; DEIDENTIFICATION_REFUSED; BUSY; what the film cannot be
   *   read for
   */
  async preview(caller: Caller, pseudonym: string): Promise<DeidentifiedPicture> {
    const { pool, deidentifier, limits } = this.#options;
    const film = await this.#find(caller, pseudonym);
    const path = this.#pathOf(film);
    // Refuses a film whose pixels may say whose they are.
    await deidentifier.uids(path);
    return { film, png: await pool.renderPreview(path, limits, MAXIMUM_PICTURE_SIZE) };
  }

  /**
   * The film as DICOM file.
   *
   * @param pseudonym - of the film
   * @throws GatewayError as {@link preview}
   */
  async file(caller: Caller, pseudonym: string): Promise<DeidentifiedFile> {
    const { store, deidentifier, pseudonyms } = this.#options;
    const film = await this.#find(caller, pseudonym);
    const path = this.#pathOf(film);
    const uids = await deidentifier.uids(path);
    const replacements = new Map(uids.map((uid) => [uid, pseudonyms.uidFor(uid)]));
    const records = await recordsOfUids(store.reads(scopeOf(caller.identity)), uids);
    for (const { uid, kind, id } of records) replacements.set(uid, pseudonyms.uidOf(kind, id));
    const patient = pseudonyms.uidOf('patient', film.patientId);
    const made = await deidentifier.deidentify(path, { patient, uids: replacements });
    return {
      film,
      byteLength: made.header.length + made.pixels.length,
      // Stored films never change, and the header names this one.
      digest: createHash('sha256').update(made.header).digest('base64url'),
      bytes: bytesOf(path, made),
    };
  }

  async #find({ identity }: Caller, pseudonym: string): Promise<StoredFilm> {
    const { store, pseudonyms } = this.#options;
    const id = pseudonyms.idOf('instance', pseudonym);
    const film = id === undefined ? null : await storedFilmById(store.reads(scopeOf(identity)), id);
    if (film === null) throw new GatewayError('NOT_FOUND', 'There is no such film.');
    return film;
  }

  #pathOf({ blobKey }: StoredFilm): string {
    return this.#options.blobPath(blobKey);
  }
}
