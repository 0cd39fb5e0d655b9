/** Previews and heat maps as PNG, rendered in the worker threads from the stored film. */
import type { FilmLimits } from './config.ts';
import { GatewayError } from './errors.ts';
import type { InferencePool } from './inference/pool.ts';
import type { PrismaClient } from './store/client.ts';

/** What the images need. */
export interface FilmImagesOptions {
  readonly prisma: PrismaClient;
  readonly pool: InferencePool;
  readonly limits: FilmLimits;
  readonly blobPath: (key: string) => string;
}

/** Longest side of a picture in pixels: enough to look at in a browser, quick to make. */
const MAXIMUM_SIZE = 768;

/** Renders pictures of stored films. */
export class FilmImages {
  readonly #options: FilmImagesOptions;

  constructor(options: FilmImagesOptions) {
    this.#options = options;
  }

  /**
   * The film as 8-bit grey PNG.
   *
   * @throws GatewayError NOT_FOUND, or what the film cannot be decoded for
   */
  async preview(sopInstanceUid: string): Promise<Uint8Array> {
    const { prisma, pool, limits, blobPath } = this.#options;
    const instance = await prisma.instance.findUnique({ where: { sopInstanceUid }, select: { blobKey: true } });
    if (instance === null) throw new GatewayError('NOT_FOUND', 'There is no such instance.');
    return pool.renderPreview(blobPath(instance.blobKey), limits, MAXIMUM_SIZE);
  }

  /**
   * The film with one finding's class activation map over it as RGB PNG.
   *
   * @param modelVersionId - whose finding; the newest reading's when absent
   * @throws GatewayError NOT_FOUND when the film has no finding of this label yet
   */
  async heatMap(sopInstanceUid: string, label: string, modelVersionId?: string): Promise<Uint8Array> {
    const { prisma, pool, limits, blobPath } = this.#options;
    const finding = await prisma.finding.findFirst({
      where: {
        label,
        inference: { instance: { sopInstanceUid } },
        ...(modelVersionId === undefined ? {} : { modelVersionId }),
      },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      include: { inference: { select: { instance: { select: { blobKey: true } } } } },
    });
    if (finding === null) throw new GatewayError('NOT_FOUND', 'This film has no finding of this label.');
    const grid = { rows: finding.heatMapRows, columns: finding.heatMapColumns, values: finding.heatMapValues };
    return pool.renderHeatMap(blobPath(finding.inference.instance.blobKey), limits, MAXIMUM_SIZE, grid);
  }
}
