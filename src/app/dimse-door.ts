/** The DICOM door, and the reports of storage commitment that it owes. */
import type { DicomNode } from '../dicom/network/node.ts';
import { CommitmentReports } from '../dimse/commitment-reports.ts';
import { CommitmentRequests } from '../dimse/commitment-request.ts';
import { DimseDoor } from '../dimse/door.ts';
import type { Ingest } from '../ingest.ts';
import type { Metrics } from '../metrics.ts';
import { nodeClientOptions } from '../nodes/node-clients.ts';
import type { BlobStore } from '../store/blobs.ts';
import type { Store } from '../store/store.ts';
import type { Building } from './building.ts';

/** The door, and what reports through it or to the nodes. */
export interface Dimse {
  readonly door: DimseDoor;
  readonly commitments: CommitmentReports;
}

/** What the door works with. */
export interface DimseNeeds {
  readonly nodes: readonly DicomNode[];
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly ingest: Ingest;
  readonly metrics: Metrics;
}

/** Undefined where DIMSE_ENABLED is off, and in a worker. */
export function openDimseDoor(
  { config, log, opened }: Building,
  { nodes, store, blobs, ingest, metrics }: DimseNeeds,
): Dimse | undefined {
  if (!config.dimse.enabled || config.role === 'worker') return undefined;
  const { storageCommitments } = store;
  const commitments = opened.use(
    new CommitmentReports({
      commitments: storageCommitments,
      blobs,
      nodes,
      identity: nodeClientOptions(config).identity,
      log,
    }),
  );
  const door = opened.use(
    new DimseDoor({
      config: config.dimse,
      maxFileBytes: config.film.maxFileBytes,
      nodes,
      ingest,
      commitments: new CommitmentRequests(storageCommitments, commitments, log),
      log,
      onAssociation: (outcome) => metrics.association(outcome),
    }),
  );
  return { door, commitments };
}
