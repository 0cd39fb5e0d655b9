/** Films as they come in: where their files lie, how they are taken in, and who is told of what became of them. */
import { ChangeFeed } from '../changes.ts';
import { FilmComparer } from '../dicom/film-comparer.ts';
import { HeaderReader } from '../dicom/header-reader.ts';
import { FilmIngest } from '../ingest.ts';
import type { Metrics } from '../metrics.ts';
import { BlobStore } from '../store/blobs.ts';
import type { Store } from '../store/store.ts';
import type { Building } from './building.ts';

/** A header is parsed in a few milliseconds; a file that needs longer is not one. */
const HEADER_DEADLINE_MS = 10_000;

/** Between looks for what uploads of killed processes left; it is a day old before it is removed. */
const SWEEP_INTERVAL_MS = 3600_000;

/** Makes BLOB_DIR where there is none. */
export async function openBlobs({ config, log, opened }: Building): Promise<BlobStore> {
  const blobs = new BlobStore({
    directory: config.blobDirectory,
    maxFileBytes: config.film.maxFileBytes,
    minFreeDiskBytes: config.upload.minFreeDiskBytes,
  });
  await blobs.open();
  const sweep = setInterval(() => {
    blobs.sweep().catch((error: unknown) => log.error('blobs.sweep-failed', {}, error));
  }, SWEEP_INTERVAL_MS);
  opened.defer(() => clearInterval(sweep));
  return blobs;
}

/** The ingest of every door, with the thread that reads headers. */
export function openIngest(
  { config, log, opened }: Building,
  { blobs, store, metrics }: { readonly blobs: BlobStore; readonly store: Store; readonly metrics: Metrics },
): FilmIngest {
  const headers = opened.use(
    new HeaderReader({ threads: 1, deadlineMs: HEADER_DEADLINE_MS, limits: config.film, gate: config.gate }),
  );
  return new FilmIngest({
    blobs,
    headers,
    comparer: new FilmComparer(),
    instances: store.instances,
    maxConcurrent: config.upload.maxConcurrent,
    defaultIssuer: config.defaultPatientIdIssuer,
    log,
    onOutcome: (door, outcome, milliseconds) => metrics.film(door, outcome, milliseconds),
  });
}

/** The change feed; it follows the database from now on. */
export async function openChanges({ config, log, opened }: Building, store: Store): Promise<ChangeFeed> {
  const changes = opened.use(
    new ChangeFeed({
      changes: store.changes,
      listener: store.listener,
      limits: config.subscriptions,
      retentionDays: config.changes.retentionDays,
      log,
    }),
  );
  await changes.open();
  return changes;
}
