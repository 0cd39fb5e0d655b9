/** One attempt of one transfer. */
import type { DicomNode } from '../dicom/network/node.ts';
import { GatewayError } from '../errors.ts';
import type { Ingest } from '../ingest.ts';
import { systemActor } from '../store/audit/audit-entry.ts';
import type { ClaimedTransfer, DicomTransferStore } from '../store/dicom-transfers.ts';
import { openFilm } from './film-files.ts';
import { type FilmListener, MAXIMUM_FILMS, type NodeClient, type OutgoingFilm } from './node-client.ts';
import { findNode, type NodeClientOptions, preferredClient } from './node-clients.ts';
import type { TransferTally } from './transfer-tally.ts';

/** What a transfer brings; who asked for it is recorded with the transfer. */
const TRANSFER = systemActor('transfer');

/** What a transfer needs. */
export interface TransferServices {
  readonly nodes: readonly DicomNode[];
  readonly clients: NodeClientOptions;
  readonly ingest: Ingest;
  readonly transfers: DicomTransferStore;
  /** Absolute path of a blob. */
  readonly blobPath: (key: string) => string;
}

/**
 * Fetches or sends the study. Films that fail are counted in the tally and stop no other; what stops the whole attempt is
 * thrown. Doing it again is harmless: a film that is there already is a duplicate.
 *
 * @throws GatewayError DICOM_NODE_UNKNOWN, NOT_FOUND, what the client throws, BLOB_UNREADABLE
 */
export async function performTransfer(
  claimed: ClaimedTransfer,
  services: TransferServices,
  tally: TransferTally,
  signal: AbortSignal,
): Promise<void> {
  const client = preferredClient(findNode(services.nodes, claimed.node), services.clients);
  if (claimed.kind === 'SEND') return sendStudy(claimed, services, client, tally, signal);
  if (client.moveStudy === undefined) await fetchStudy(claimed, services, client, tally, signal);
  else await moveStudy(claimed, client.moveStudy, tally, signal);
  if (tally.completed + tally.failed === 0) {
    throw new GatewayError('NOT_FOUND', 'The node has no film of this study.');
  }
}

async function fetchStudy(
  { studyInstanceUid, node }: ClaimedTransfer,
  { ingest }: TransferServices,
  client: NodeClient,
  tally: TransferTally,
  signal: AbortSignal,
): Promise<void> {
  const door = client.protocol === 'DIMSE' ? 'C_GET' : 'WADO_RS';
  await client.fetchStudy(
    studyInstanceUid,
    async ({ bytes, sopInstanceUid }) => {
      // Whatever the node says and sends: a film of another study, or under another UID, is refused.
      const expected = sopInstanceUid === undefined ? {} : { expectedSopInstanceUid: sopInstanceUid };
      await ingest.accept(tally.passing(bytes), {
        door,
        by: TRANSFER,
        node,
        expectedStudyInstanceUid: studyInstanceUid,
        ...expected,
        signal,
      });
    },
    (_, error) => tally.settle(error),
    signal,
  );
}

/** The gateway's own door receives the films; the node alone knows which of them failed. */
async function moveStudy(
  { studyInstanceUid, attempt }: ClaimedTransfer,
  move: NonNullable<NodeClient['moveStudy']>,
  tally: TransferTally,
  signal: AbortSignal,
): Promise<void> {
  // A busy door takes a film the second time; a report that is no image is refused each time, and is not worth more.
  const failure = new GatewayError(
    attempt === 1 ? 'DICOM_NODE_FAILED' : 'DICOM_NODE_REFUSED',
    'The node could not send every object of the study.',
  );
  await move(studyInstanceUid, (films) => tally.count(films, failure), signal);
}

async function sendStudy(
  { studyInstanceUid }: ClaimedTransfer,
  { transfers, blobPath }: TransferServices,
  client: NodeClient,
  tally: TransferTally,
  signal: AbortSignal,
): Promise<void> {
  const stored = await transfers.filmsOfStudy(studyInstanceUid, MAXIMUM_FILMS);
  if (stored.length === 0) throw new GatewayError('NOT_FOUND', 'The gateway has no film of this study.');
  const films: OutgoingFilm[] = [];
  for (const { blobKey, ...known } of stored) films.push(await openFilm(blobPath(blobKey), known));
  const lengths = new Map(stored.map(({ sopInstanceUid, byteLength }) => [sopInstanceUid, Number(byteLength)]));
  const settled: FilmListener = (sopInstanceUid, error) => {
    if (error === undefined) tally.pass(lengths.get(sopInstanceUid ?? '') ?? 0);
    tally.settle(error);
  };
  await client.sendFilms(films, settled, signal);
}
