/** Previews and heat maps as PNG, rendered in the worker threads from the stored film. */
import type { Caller } from './access/caller.ts';
import { type AuditedStore, recordDisclosed } from './access/record-disclosures.ts';
import { scopeOf } from './access/scope-of.ts';
import type { FilmLimits } from './config.ts';
import { GatewayError } from './errors.ts';
import type { InferencePool } from './inference/pool.ts';
import { drawnFinding, storedFilm } from './store/reads/pictures.ts';

/** What the images need. */
export interface FilmImagesOptions {
  readonly store: AuditedStore;
  readonly pool: InferencePool;
  readonly limits: FilmLimits;
  readonly blobPath: (key: string) => string;
}

/** Longest side of a picture in pixels: enough to look at in a browser, quick to make. */
export const MAXIMUM_PICTURE_SIZE = 768;

/** Renders pictures of stored films. */
export class FilmImages {
  readonly #options: FilmImagesOptions;

  constructor(options: FilmImagesOptions) {
    this.#options = options;
  }

  /**
   * The film as 8-bit grey PNG.
   *
   * @throws GatewayError NOT_FOUND, also where the caller may not see the film, or what the film cannot be decoded for
   */
  async preview(caller: Caller, sopInstanceUid: string): Promise<Uint8Array> {
    const { store, pool, limits, blobPath } = this.#options;
    const film = await storedFilm(store.reads(scopeOf(caller.identity)), sopInstanceUid);
    if (film === null) throw new GatewayError('NOT_FOUND', 'There is no such instance.');
    const png = await pool.renderPreview(blobPath(film.blobKey), limits, MAXIMUM_PICTURE_SIZE);
    await recordDisclosed(store, caller, 'GET /instances/:uid/preview.png', film);
    return png;
  }

  /**
   * The film with one finding's class activation map over it as RGB PNG.
   *
   * @param modelVersionId - whose finding; absent: the newest, one in clinical use before any other
   * @throws GatewayError NOT_FOUND when the caller may see no finding of this label of the film
   */
  async heatMap(caller: Caller, sopInstanceUid: string, label: string, modelVersionId?: string): Promise<Uint8Array> {
    const { store, pool, limits, blobPath } = this.#options;
    const finding = await drawnFinding(store.reads(scopeOf(caller.identity)), sopInstanceUid, label, modelVersionId);
    if (finding === null) throw new GatewayError('NOT_FOUND', 'This film has no finding of this label.');
    const { rows, columns, values } = finding;
    const png = await pool.renderHeatMap(blobPath(finding.blobKey), limits, MAXIMUM_PICTURE_SIZE, {
      rows,
      columns,
      values,
    });
    await recordDisclosed(store, caller, 'GET /instances/:uid/heatmaps/:label.png', finding);
    return png;
  }
}
