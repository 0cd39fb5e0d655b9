/** The node that a person means: one of DICOM_NODES_FILE by its name, or any by its address. */
import type { Config } from '../config.ts';
import { AE_TITLE, type DicomNode } from '../dicom/network/node.ts';
import { GatewayError } from '../errors.ts';
import { findNode } from '../nodes/node-clients.ts';
import { readNodes } from '../nodes/nodes-file.ts';

/** Options that several commands have. */
export interface TargetOptions {
  /** AE title of a node named by its address. */
  readonly called?: string;
  /** AE title to call it by, in place of DIMSE_AE_TITLE. */
  readonly calling?: string;
}

const ADDRESS = /^(\[[\da-f:.]+\]|[^:]+):(\d{1,5})$/i;

/**
 * @param named - a name of DICOM_NODES_FILE, or HOST:PORT together with `called`
 * @throws GatewayError BAD_REQUEST, DICOM_NODE_UNKNOWN, CONFIG_INVALID
 */
export async function findTarget(named: string, { called }: TargetOptions, config: Config): Promise<DicomNode> {
  const address = ADDRESS.exec(named);
  if (address === null) {
    if (called !== undefined) throw new GatewayError('BAD_REQUEST', '--called belongs to an address HOST:PORT.');
    return findNode(await readNodes(config.nodesFile), named);
  }
  const [, host = '', digits] = address;
  const port = Number(digits);
  if (port < 1 || port > 65_535) throw new GatewayError('BAD_REQUEST', 'A port is 1 to 65535.');
  if (called === undefined || !AE_TITLE.test(called)) {
    throw new GatewayError('BAD_REQUEST', 'An address needs --called with the AE title of the node.');
  }
  const dimse = { aeTitle: called, host: host.replace(/^\[|\]$/g, ''), port, tls: false, caFile: undefined };
  return { name: named, dimse: { ...dimse, retrieve: 'get' }, dicomWeb: undefined };
}
