/** What can be done with another node, whichever protocol it speaks. */
import type { RemoteSeries, RemoteStudy, StudyQuery } from '../dicom/network/query/study-query.ts';
import type { GatewayError } from '../errors.ts';

/** How films are exchanged with a node. */
export type NodeProtocol = 'DIMSE' | 'DICOMWEB';

/** A film to send: a Part 10 file. */
export interface OutgoingFilm {
  readonly path: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** Where its data set begins in the file. */
  readonly dataSetStart: number;
}

/** A film that a node sends: a Part 10 file as it arrives. */
export interface IncomingFilm {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Under which UID the node announced it; undefined where the protocol does not. */
  readonly sopInstanceUid: string | undefined;
}

/** Takes one film; rejects with a GatewayError when it is refused. */
export type FilmReceiver = (film: IncomingFilm) => Promise<void>;

/** Told of each film of a transfer as it is settled; `error` is undefined when it was stored. */
export type FilmListener = (sopInstanceUid: string | undefined, error: GatewayError | undefined) => void;

/** Studies that a node found. */
export interface FoundStudies {
  readonly studies: readonly RemoteStudy[];
  /** The node has more than were asked for. */
  readonly more: boolean;
}

/** How many films a node says that it has moved. */
export interface MovedFilms {
  readonly completed: number;
  readonly failed: number;
  /** Those that are still to come; null where the node does not say. */
  readonly remaining: number | null;
}

/**
 * A client of one node. Every method rejects with DICOM_NODE_UNREACHABLE, DICOM_ASSOCIATION_REJECTED, DICOM_NODE_FAILED (may
 * succeed later) or DICOM_NODE_REFUSED (will not), and with what the signal aborts with.
 */
export interface NodeClient {
  readonly protocol: NodeProtocol;

  /** Whether the node answers: C-ECHO, or the smallest search. */
  echo(signal?: AbortSignal): Promise<void>;

  /**
   * @param limit - most studies
   * @throws GatewayError BAD_REQUEST for a value that cannot be looked for
   */
  findStudies(query: StudyQuery, limit: number, signal?: AbortSignal): Promise<FoundStudies>;

  /** What the series of a study say of themselves; {@link MAXIMUM_SERIES} at most. */
  findSeries(studyInstanceUid: string, signal?: AbortSignal): Promise<readonly RemoteSeries[]>;

  /**
   * Has the node send every film of a study to `receive`, which runs for one film at a time. A film that it refuses stops no
   * other.
   */
  fetchStudy(
    studyInstanceUid: string,
    receive: FilmReceiver,
    settled: FilmListener,
    signal?: AbortSignal,
  ): Promise<void>;

  /**
   * Has the node send every film of a study to the gateway's own DICOM door; undefined where the protocol or the node's entry
   * has fetchStudy in place of it.
   */
  readonly moveStudy:
    | ((studyInstanceUid: string, moved: (films: MovedFilms) => void, signal?: AbortSignal) => Promise<void>)
    | undefined;

  /** Sends films. A film that the node refuses stops no other. */
  sendFilms(films: readonly OutgoingFilm[], settled: FilmListener, signal?: AbortSignal): Promise<void>;
}

/** Most films of one study that are exchanged in one go; a series of CT slices has hundreds. */
export const MAXIMUM_FILMS = 10_000;

/** Series of a study that are looked at. */
export const MAXIMUM_SERIES = 200;
