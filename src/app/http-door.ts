/** The HTTP server: API, STOW-RS, pictures, de-identified films, reports, health. */
import { randomBytes } from 'node:crypto';
import { MINIMUM_SECRET_BYTES, Pseudonyms } from '../access/pseudonyms.ts';
import { DeidentifiedFilms } from '../deidentified-films.ts';
import { Deidentifier } from '../dicom/deidentify/deidentifier.ts';
import type { Authentication } from '../http/authentication.ts';
import { createHttpServer, type HttpServer } from '../http/server.ts';
import { FilmImages } from '../images.ts';
import type { InferencePool } from '../inference/pool.ts';
import type { Metrics } from '../metrics.ts';
import type { Readiness } from '../readiness.ts';
import { buildGatewaySchema } from '../resolvers/build-schema.ts';
import type { GatewayServices } from '../resolvers/context.ts';
import { gatewaySecret } from '../store/gateway-secrets.ts';
import type { Building } from './building.ts';

/** Of films that leave without their identity; started when one does. */
const DEIDENTIFYING_THREADS = 2;

/** What the server works with. */
export interface HttpNeeds {
  readonly services: Omit<GatewayServices, 'pseudonyms'>;
  readonly authentication: Authentication;
  readonly pool: InferencePool;
  /** Absolute path of a blob. */
  readonly blobPath: (key: string) => string;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
}

/** The server with all routes of the role; it does not listen yet. */
export async function openHttpDoor(
  building: Building,
  { services, authentication, pool, blobPath, metrics, readiness }: HttpNeeds,
): Promise<HttpServer> {
  const { config, log, opened } = building;
  const { store } = services;
  const deidentifier = opened.use(new Deidentifier({ threads: DEIDENTIFYING_THREADS, limits: config.film }));
  const pseudonyms = await openPseudonyms(building, services);
  const limits = config.film;
  return opened.use(
    await createHttpServer({
      config,
      log,
      schema: await buildGatewaySchema(),
      services: { ...services, pseudonyms },
      authentication,
      images: new FilmImages({ store, pool, limits, blobPath }),
      deidentified: new DeidentifiedFilms({ store, pool, deidentifier, pseudonyms, limits, blobPath }),
      readiness: () => readiness.check(),
      metrics: () => metrics.text(),
    }),
  );
}

/** All processes of one database make the same pseudonyms, whether their secret is set or made by the first of them. */
async function openPseudonyms({ config }: Building, { store }: Pick<GatewayServices, 'store'>): Promise<Pseudonyms> {
  const secret =
    config.deidentificationKey ??
    (await gatewaySecret(store.prisma, 'pseudonyms', () => randomBytes(MINIMUM_SECRET_BYTES).toString('base64')));
  return new Pseudonyms(Buffer.from(secret, 'base64'));
}
