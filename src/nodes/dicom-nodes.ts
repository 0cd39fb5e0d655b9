/** The nodes as the API sees them: what is there, what they have, and transfers asked for. */
import { Capacity } from '../capacity.ts';
import type { DicomNode } from '../dicom/network/node.ts';
import type { StudyQuery } from '../dicom/network/query/study-query.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { AuditActor } from '../store/audit/audit-entry.ts';
import type { DicomTransferStore, TransferRequest } from '../store/dicom-transfers.ts';
import { findPriors } from './find-priors.ts';
import type { FoundStudies, NodeClient, NodeProtocol } from './node-client.ts';
import { clientsOf, findNode, type NodeClientOptions, preferredClient } from './node-clients.ts';

/** What the service needs. */
export interface DicomNodesOptions {
  readonly nodes: readonly DicomNode[];
  readonly clients: NodeClientOptions;
  readonly transfers: DicomTransferStore;
  /** Issuer under which films without one are filed; nodes do not know it. */
  readonly defaultIssuer: string;
  /** Longest time for one question, ms. */
  readonly queryTimeoutMs: number;
}

/** How a node answered by one protocol. */
export interface EchoResult {
  readonly protocol: NodeProtocol;
  readonly milliseconds: number;
  readonly error: GatewayError | undefined;
}

/** A queued transfer. */
export interface RequestedTransfer {
  readonly transferId: string;
  /** False: it was waiting or running already. */
  readonly created: boolean;
}

/** Questions to nodes at once; each holds a connection. */
const MAXIMUM_QUESTIONS = 16;

/** Talks to the nodes of the nodes file. */
export class DicomNodes {
  readonly #options: DicomNodesOptions;
  readonly #questions = new Capacity(MAXIMUM_QUESTIONS, `${MAXIMUM_QUESTIONS} questions to nodes are under way.`, 1);

  constructor(options: DicomNodesOptions) {
    this.#options = options;
  }

  /** Every known node. */
  get list(): readonly DicomNode[] {
    return this.#options.nodes;
  }

  /** Asks the node by every protocol that it is known to speak. @throws GatewayError DICOM_NODE_UNKNOWN, BUSY */
  async echo(name: string): Promise<readonly EchoResult[]> {
    const { clients } = this.#options;
    const node = this.#node(name);
    preferredClient(node, clients);
    return Promise.all(clientsOf(node, clients).map((client) => this.#echo(client)));
  }

  async #echo(client: NodeClient): Promise<EchoResult> {
    const began = performance.now();
    const { protocol } = client;
    try {
      await this.#ask((signal) => client.echo(signal));
      return { protocol, milliseconds: performance.now() - began, error: undefined };
    } catch (error) {
      return { protocol, milliseconds: performance.now() - began, error: toGatewayError(error) };
    }
  }

  /**
   * Studies that the node has.
   *
   * @throws GatewayError DICOM_NODE_UNKNOWN, BAD_REQUEST, BUSY, and what the client throws
   */
  async findStudies(name: string, query: StudyQuery, first: number): Promise<FoundStudies> {
    const client = preferredClient(this.#node(name), this.#options.clients);
    return this.#ask((signal) => client.findStudies(query, first, signal));
  }

  /** Queues a transfer. @throws GatewayError DICOM_NODE_UNKNOWN */
  async transfer(request: TransferRequest, by: AuditActor): Promise<RequestedTransfer> {
    preferredClient(this.#node(request.node), this.#options.clients);
    return this.#options.transfers.request(request, by);
  }

  /**
   * Queues the retrieval of a patient's latest chest radiographs that the node has.
   *
   * @param before - YYYY-MM-DD; only studies of earlier days
   * @param first - most studies
   * @throws GatewayError as {@link findStudies}
   */
  async retrievePriors(
    node: string,
    patient: { readonly mrn: string; readonly issuer: string },
    before: string | undefined,
    first: number,
    by: AuditActor,
  ): Promise<readonly RequestedTransfer[]> {
    const client = preferredClient(this.#node(node), this.#options.clients);
    const issuer = patient.issuer === this.#options.defaultIssuer ? undefined : patient.issuer;
    const priors = await this.#ask((signal) => findPriors(client, { mrn: patient.mrn, issuer }, before, first, signal));
    const requested: RequestedTransfer[] = [];
    for (const { studyInstanceUid } of priors) {
      requested.push(await this.transfer({ kind: 'RETRIEVE', node, studyInstanceUid }, by));
    }
    return requested;
  }

  #node(name: string): DicomNode {
    return findNode(this.#options.nodes, name);
  }

  #ask<T>(question: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { queryTimeoutMs } = this.#options;
    return this.#questions.hold(async () => {
      const signal = AbortSignal.timeout(queryTimeoutMs);
      try {
        return await question(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
        const problem = `The node did not answer within DICOM_QUERY_TIMEOUT_MS (${queryTimeoutMs}).`;
        throw new GatewayError('DICOM_NODE_FAILED', problem, {}, { cause: error });
      }
    });
  }
}
