/** What Prometheus may scrape: counts, times and depths. No label holds an identifier of a person, study or film. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Reading } from './inference/pool.ts';
import type { IngestSource } from './ingest.ts';
import type { TransferAttempt } from './nodes/transfer-runner.ts';
import type { TransferDepth } from './store/dicom-transfers.ts';
import type { InferenceState } from './store/generated/enums.ts';
import type { QueueDepth } from './store/queue.ts';

/** Where depths are read from, at each scrape. */
export interface MetricSources {
  readonly queueDepth: () => Promise<Record<'live' | 'background', QueueDepth>>;
  readonly transferDepth: () => Promise<TransferDepth>;
  readonly poolDepth: () => { readonly busy: number; readonly waiting: number };
  /** DICOM associations open now. */
  readonly associations: () => number;
  /** Records of the audit that the collector has not confirmed; undefined where there is no collector. */
  readonly auditExportLag: () => Promise<number> | undefined;
}

const STAGE_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The metrics of one process. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #films: Counter<'door' | 'outcome'>;
  readonly #ingestSeconds: Histogram<'door'>;
  readonly #inferences: Counter<'state'>;
  readonly #associations: Counter<'outcome'>;
  readonly #stageSeconds: Histogram<'stage'>;
  readonly #transferAttempts: Counter<'kind' | 'node' | 'outcome' | 'code'>;
  readonly #transferFilms: Counter<'kind' | 'outcome'>;
  readonly #transferBytes: Counter<'kind'>;

  constructor(sources: MetricSources) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry, prefix: 'cxr_gateway_' });
    this.#films = new Counter({
      name: 'cxr_gateway_films_total',
      help: 'Films that arrived, by door and outcome',
      labelNames: ['door', 'outcome'],
      registers,
    });
    this.#ingestSeconds = new Histogram({
      name: 'cxr_gateway_ingest_seconds',
      help: 'Time from the first byte of a film to its commit',
      labelNames: ['door'],
      buckets: STAGE_SECONDS,
      registers,
    });
    this.#inferences = new Counter({
      name: 'cxr_gateway_inferences_total',
      help: 'Inferences that this process settled, by state',
      labelNames: ['state'],
      registers,
    });
    this.#stageSeconds = new Histogram({
      name: 'cxr_gateway_stage_seconds',
      help: 'Time of each stage of a reading in its worker thread',
      labelNames: ['stage'],
      buckets: STAGE_SECONDS,
      registers,
    });
    this.#associations = new Counter({
      name: 'cxr_gateway_dicom_association_requests_total',
      help: 'Connections at the DICOM door: associations accepted and rejected, and those that asked for none',
      labelNames: ['outcome'],
      registers,
    });
    this.#transferAttempts = new Counter({
      name: 'cxr_gateway_transfer_attempts_total',
      help: 'Attempts of transfers that ended in this process: done, retried later or failed, and the error code if any',
      labelNames: ['kind', 'node', 'outcome', 'code'],
      registers,
    });
    this.#transferFilms = new Counter({
      name: 'cxr_gateway_transfer_films_total',
      help: 'Films of the transfers that this process attempted, completed and failed',
      labelNames: ['kind', 'outcome'],
      registers,
    });
    this.#transferBytes = new Counter({
      name: 'cxr_gateway_transfer_bytes_total',
      help: 'Bytes of films that came or went in transfers; those of C-MOVE come by the DICOM door and are not among them',
      labelNames: ['kind'],
      registers,
    });
    const transfers = new Gauge({
      name: 'cxr_gateway_transfers',
      help: 'Transfers of all processes, waiting (for a first or a next attempt) and active',
      labelNames: ['state'],
      registers,
      collect: async () => {
        const { waiting, active } = await sources.transferDepth();
        transfers.set({ state: 'waiting' }, waiting);
        transfers.set({ state: 'active' }, active);
      },
    });
    const associations: Gauge = new Gauge({
      name: 'cxr_gateway_dicom_associations',
      help: 'DICOM associations that are open at the door of this process',
      registers,
      collect: () => associations.set(sources.associations()),
    });
    const auditExportLag: Gauge = new Gauge({
      name: 'cxr_gateway_audit_export_lag_records',
      help: 'Records of the audit that the syslog collector has not confirmed; absent without a collector',
      registers,
      collect: async () => {
        const lag = await sources.auditExportLag();
        if (lag === undefined) auditExportLag.remove();
        else auditExportLag.set(lag);
      },
    });
    const queue = new Gauge({
      name: 'cxr_gateway_queue_jobs',
      help: 'Inference jobs of all processes, waiting and active; live, or in the background (shadows and re-readings)',
      labelNames: ['state', 'priority'],
      registers,
      collect: async () => {
        const depths = await sources.queueDepth();
        for (const priority of ['live', 'background'] as const) {
          queue.set({ state: 'waiting', priority }, depths[priority].waiting);
          queue.set({ state: 'active', priority }, depths[priority].active);
        }
      },
    });
    const pool = new Gauge({
      name: 'cxr_gateway_pool_tasks',
      help: 'Tasks of this process in its worker threads, busy and waiting',
      labelNames: ['state'],
      registers,
      collect: () => {
        const { busy, waiting } = sources.poolDepth();
        pool.set({ state: 'busy' }, busy);
        pool.set({ state: 'waiting' }, waiting);
      },
    });
  }

  /** A film arrived. */
  film(door: IngestSource['door'], outcome: string, milliseconds: number): void {
    this.#films.inc({ door, outcome });
    this.#ingestSeconds.observe({ door }, milliseconds / 1000);
  }

  /** A connection at the DICOM door became an association, or did not. */
  association(outcome: 'accepted' | 'rejected' | 'failed'): void {
    this.#associations.inc({ outcome });
  }

  /** An attempt of a transfer ended. */
  transferAttempt({ claimed: { kind, node }, tally, outcome, code }: TransferAttempt): void {
    this.#transferAttempts.inc({ kind, node, outcome: outcome.toLowerCase(), code: code ?? '' });
    this.#transferFilms.inc({ kind, outcome: 'completed' }, tally.completed);
    this.#transferFilms.inc({ kind, outcome: 'failed' }, tally.failed);
    this.#transferBytes.inc({ kind }, tally.bytes);
  }

  /** An inference was settled. */
  inference(state: InferenceState, timings: Reading['timings'] | undefined): void {
    this.#inferences.inc({ state });
    if (timings === undefined) return;
    for (const stage of ['read', 'decode', 'preprocess', 'inference'] as const) {
      this.#stageSeconds.observe({ stage }, timings[`${stage}Ms`] / 1000);
    }
  }

  /** All metrics in the text format. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
