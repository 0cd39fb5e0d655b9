/** Two gateway processes that share a database and a folder of films, and have two versions of the model. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { opening } from '../../src/disposables.ts';
import { silentLog } from '../../src/log.ts';
import { createClient, type PrismaClient } from '../../src/store/client.ts';
import { Listener } from '../../src/store/listener.ts';
import { graphql } from './client.ts';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { createDatabase } from './postgres.ts';
import { type TwoVersions, twoVersions } from './two-versions.ts';

/** The processes, and what a test looks at beside them. */
export interface TwoGateways extends AsyncDisposable {
  readonly first: GatewayProcess;
  readonly second: GatewayProcess;
  readonly prisma: PrismaClient;
  readonly listener: Listener;
  readonly versions: TwoVersions;
  /** Global id of a model version, by its version. */
  idOf(version: string): string;
}

/** Starts both with INT8 active and one inference thread each. Needs `npm run build`. */
export async function twoGateways(): Promise<TwoGateways> {
  return opening(async (opened) => {
    const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-two-'));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const models = join(folder, 'models');
    const versions = await twoVersions(models);
    const database = opened.use(await createDatabase(inject('databaseUrl')));
    const prisma = createClient({ url: database.url, poolSize: 2 });
    opened.defer(() => prisma.$disconnect());
    const listener = opened.use(new Listener(database.url, silentLog));
    await listener.open();
    const settings = {
      DATABASE_URL: database.url,
      DATA_DIR: folder,
      MODELS_DIR: models,
      ACTIVE_MODEL: `${versions.int8.manifest.name}@${versions.int8.manifest.version}`,
      INFERENCE_THREADS: '1',
      LOG_LEVEL: 'info',
    };
    const first = opened.use(await startGatewayProcess(settings));
    const second = opened.use(await startGatewayProcess(settings));
    const { modelVersions } = await graphql<{ modelVersions: { nodes: { id: string; version: string }[] } }>(
      first.url,
      '{ modelVersions { nodes { id version } } }',
    );
    const ids = new Map(modelVersions.nodes.map(({ id, version }) => [version, id]));
    return {
      first,
      second,
      prisma,
      listener,
      versions,
      idOf: (version) => ids.get(version) ?? '',
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  });
}
