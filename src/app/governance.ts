/** What keeps model versions under watch: jobs of re-readings, the look for drift, audit reports. */
import { DriftWatch } from '../drift-watch.ts';
import { ModelReports } from '../report/model-reports.ts';
import { RereadRunner } from '../reread-runner.ts';
import { UNRESTRICTED } from '../store/reads/scope.ts';
import type { Store } from '../store/store.ts';
import type { Building } from './building.ts';

/** Services of model governance. */
export interface Governance {
  /** Undefined where no films are read: another process takes the jobs forward. */
  readonly rereads: RereadRunner | undefined;
  readonly driftWatch: DriftWatch;
  readonly reports: ModelReports;
}

/** Builds them; none works before it is opened. */
export function openGovernance({ config, log, opened, readsFilms }: Building, store: Store): Governance {
  const rereads = readsFilms
    ? opened.use(new RereadRunner({ jobs: store.rereadJobs, listener: store.listener, log }))
    : undefined;
  const driftWatch = opened.use(
    new DriftWatch({ alerts: store.driftAlerts, reader: store.reads(UNRESTRICTED), ...config.drift, log }),
  );
  return { rereads, driftWatch, reports: new ModelReports({ store, drift: config.drift }) };
}
