/** Other DICOM nodes: questions to them, and transfers of studies from and to them. */
import type { DicomNode } from '../dicom/network/node.ts';
import type { Ingest } from '../ingest.ts';
import type { Metrics } from '../metrics.ts';
import { DicomNodes } from '../nodes/dicom-nodes.ts';
import { nodeClientOptions } from '../nodes/node-clients.ts';
import { performTransfer } from '../nodes/perform-transfer.ts';
import { TransferRunner } from '../nodes/transfer-runner.ts';
import type { Store } from '../store/store.ts';
import type { Building } from './building.ts';

/** What speaks to nodes. */
export interface Transfers {
  readonly dicomNodes: DicomNodes;
  /** Undefined where no films are read: another process transfers. */
  readonly runner: TransferRunner | undefined;
}

/** What transfers work with. */
export interface TransferNeeds {
  readonly nodes: readonly DicomNode[];
  readonly store: Store;
  readonly ingest: Ingest;
  readonly metrics: Metrics;
  /** Absolute path of a blob. */
  readonly blobPath: (key: string) => string;
}

/** What asks nodes, and what transfers studies. */
export function openTransfers(
  { config, log, opened, readsFilms }: Building,
  { nodes, store, ingest, metrics, blobPath }: TransferNeeds,
): Transfers {
  const clients = nodeClientOptions(config);
  const services = { nodes, clients, ingest, transfers: store.dicomTransfers, blobPath };
  const dicomNodes = new DicomNodes({
    nodes,
    clients,
    transfers: store.dicomTransfers,
    defaultIssuer: config.defaultPatientIdIssuer,
    queryTimeoutMs: config.transfers.queryTimeoutMs,
  });
  const runner = readsFilms
    ? opened.use(
        new TransferRunner({
          transfers: store.dicomTransfers,
          listener: store.listener,
          nodes: nodes.map(({ name }) => name),
          perform: (claimed, tally, signal) => performTransfer(claimed, services, tally, signal),
          ...config.transfers,
          log,
          onAttempt: (attempt) => metrics.transferAttempt(attempt),
        }),
      )
    : undefined;
  return { dicomNodes, runner };
}
