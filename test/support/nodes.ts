/** Nodes for tests. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import type { DicomNode, DimseAddress } from '../../src/dicom/network/node.ts';
import { DicomNodes } from '../../src/nodes/dicom-nodes.ts';
import { type NodeClientOptions, nodeClientOptions } from '../../src/nodes/node-clients.ts';
import type { Store } from '../../src/store/store.ts';

/** How tests speak to nodes. */
export function clientOptions(settings: Record<string, string> = {}): NodeClientOptions {
  return nodeClientOptions(loadConfig(settings, {}));
}

/** The service without any node. */
export function noNodes(
  { dicomTransfers }: Pick<Store, 'dicomTransfers'>,
  nodes: readonly DicomNode[] = [],
): DicomNodes {
  return new DicomNodes({
    nodes,
    clients: clientOptions(),
    transfers: dicomTransfers,
    defaultIssuer: 'LOCAL',
    queryTimeoutMs: 10_000,
  });
}

/** A node on this machine. */
export function dimseNode(
  name: string,
  address: Partial<DimseAddress> & Pick<DimseAddress, 'aeTitle' | 'port'>,
): DicomNode {
  const dimse = { host: '127.0.0.1', tls: false, caFile: undefined, retrieve: 'get' as const, ...address };
  return { name, dimse, dicomWeb: undefined };
}

/** Writes a nodes file (and others beside it) that is removed when the test ends; returns its path. */
export async function nodesFile(content: unknown, others: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-nodes-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(others)) await writeFile(join(folder, name), text);
  const path = join(folder, 'nodes.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
