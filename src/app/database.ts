/** The database: that of DATABASE_URL, or an embedded one. */
import { startEmbeddedPostgres } from '../store/embedded-postgres.ts';
import { openStore, type Store } from '../store/store.ts';
import type { Building } from './building.ts';

/** @throws GatewayError DATABASE_UNAVAILABLE, and what an embedded server cannot be started for */
export async function openDatabase({ config, log, options, opened }: Building): Promise<Store> {
  options.onProgress?.('database');
  let { url } = config.database;
  if (url === undefined) {
    const embedded = opened.use(await startEmbeddedPostgres({ directory: config.database.embeddedDirectory }));
    url = embedded.url;
  }
  return opened.use(
    await openStore({
      url,
      poolSize: config.database.poolSize,
      maxAttempts: config.inference.maxAttempts,
      retryDelaySeconds: config.inference.retryDelaySeconds,
      breakGlass: config.breakGlass,
      approvals: config.approvals,
      log,
      ...(options.onStatement === undefined ? {} : { onStatement: options.onStatement }),
      ...(options.audit === undefined ? {} : { audit: options.audit }),
    }),
  );
}
