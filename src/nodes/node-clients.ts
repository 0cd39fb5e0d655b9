/** Which client speaks to a node. */
import type { Config } from '../config.ts';
import type { DicomNode } from '../dicom/network/node.ts';
import { GatewayError } from '../errors.ts';
import { createDicomWebClient } from './dicom-web/dicom-web-client.ts';
import type { DicomWebLimits } from './dicom-web/request.ts';
import { createDimseClient } from './dimse/dimse-client.ts';
import type { DimseIdentity } from './dimse/node-association.ts';
import type { NodeClient } from './node-client.ts';

/** How this process speaks to nodes. */
export interface NodeClientOptions {
  readonly identity: DimseIdentity;
  readonly web: DicomWebLimits;
}

/** A page of studies has some 1 kB a study. */
const MAXIMUM_WEB_ANSWER_BYTES = 16 * 1024 * 1024;

/** The options that a configuration means. */
export function nodeClientOptions({ dimse, film }: Config): NodeClientOptions {
  return {
    identity: {
      callingAeTitle: dimse.aeTitle,
      limits: {
        maxPduBytes: dimse.maxPduBytes,
        maxDataSetBytes: film.maxFileBytes,
        artimMs: dimse.artimMs,
        idleTimeoutMs: dimse.idleTimeoutMs,
        messageTimeoutMs: dimse.messageTimeoutMs,
      },
      tls: dimse.tls,
    },
    web: { idleTimeoutMs: dimse.idleTimeoutMs, maxAnswerBytes: MAXIMUM_WEB_ANSWER_BYTES, tls: dimse.tls },
  };
}

/**
 * The client of every protocol that the gateway can speak to the node, the preferred one first: DICOMweb, which carries
 * every transfer syntax without agreeing on each beforehand. A node that only sends has none.
 */
export function clientsOf({ dimse, dicomWeb }: DicomNode, options: NodeClientOptions): readonly NodeClient[] {
  const clients: NodeClient[] = [];
  if (dicomWeb !== undefined) clients.push(createDicomWebClient(dicomWeb, options.web));
  if (dimse?.host !== undefined) {
    clients.push(createDimseClient({ ...dimse, host: dimse.host }, options.identity));
  }
  return clients;
}

/** @throws GatewayError DICOM_NODE_UNKNOWN when the node only sends */
export function preferredClient(node: DicomNode, options: NodeClientOptions): NodeClient {
  const [client] = clientsOf(node, options);
  if (client === undefined) {
    throw new GatewayError('DICOM_NODE_UNKNOWN', `The node ${node.name} has no host and no DICOMweb address.`);
  }
  return client;
}

/** @throws GatewayError DICOM_NODE_UNKNOWN */
export function findNode(nodes: readonly DicomNode[], name: string): DicomNode {
  const node = nodes.find((one) => one.name === name);
  if (node !== undefined) return node;
  const known = nodes.map((one) => one.name).join(', ') || 'none is configured';
  throw new GatewayError('DICOM_NODE_UNKNOWN', `There is no such node (known: ${known}).`);
}
