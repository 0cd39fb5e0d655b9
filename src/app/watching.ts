/** What others look at to see how the process is: metrics and readiness. */
import type { SyslogExport } from '../audit-export/syslog-export.ts';
import type { DimseDoor } from '../dimse/door.ts';
import type { InferencePool } from '../inference/pool.ts';
import { Metrics } from '../metrics.ts';
import { Readiness } from '../readiness.ts';
import type { Store } from '../store/store.ts';
import { describeIdentitySources } from './authentication.ts';
import type { Building } from './building.ts';
import type { Inference } from './inference.ts';

/** What metrics are read from. Doors and export are asked for at each scrape, for they are built after the metrics they count in. */
export interface MetricNeeds {
  readonly store: Store;
  readonly pool: InferencePool;
  readonly door: () => DimseDoor | undefined;
  readonly auditExport: () => SyslogExport | undefined;
}

/** What readiness looks at. */
export interface ReadinessNeeds {
  readonly store: Store;
  readonly inference: Inference;
  readonly door: DimseDoor | undefined;
  readonly auditExport: SyslogExport | undefined;
}

/** For /metrics. */
export function createMetrics({ store, pool, door, auditExport }: MetricNeeds): Metrics {
  return new Metrics({
    queueDepth: () => store.queue.depth(),
    transferDepth: () => store.dicomTransfers.depth(),
    poolDepth: () => pool.statistics,
    associations: () => door()?.associations ?? 0,
    auditExportLag: () =>
      auditExport()
        ?.state()
        .then(({ lag }) => lag),
  });
}

/** For /readyz. */
export function createReadiness(
  building: Building,
  { store, inference, door, auditExport }: ReadinessNeeds,
): Readiness {
  return new Readiness({
    store,
    pool: inference.pool,
    served: building.readsFilms ? inference.served : undefined,
    identity: describeIdentitySources(building),
    door,
    auditExport,
  });
}
