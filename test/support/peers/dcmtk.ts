/** DCMTK's servers: `storescp` takes films, `dcmqrscp` is an archive with C-STORE, C-FIND, C-MOVE and C-GET. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DicomNode, DimseAddress } from '../../../src/dicom/network/node.ts';
import { dimseNode } from '../nodes.ts';
import { freePort, installed, listening, type Program, programFolder, startProgram } from './programs.ts';

/** Whether DCMTK's servers are installed. */
export const hasDcmtk = installed('storescp') !== undefined && installed('dcmqrscp') !== undefined;

/** A running server as a node. */
export interface DcmtkServer extends Program {
  readonly node: DicomNode;
}

function pathOf(program: string): string {
  const path = installed(program);
  if (path === undefined) throw new Error(`${program} is not installed`);
  return path;
}

/** Starts `storescp`. @param args - such as +xa, to accept every transfer syntax */
export async function startStoreScp(
  args: readonly string[] = [],
): Promise<DcmtkServer & { files(): Promise<string[]> }> {
  const port = await freePort();
  const folder = await programFolder();
  const program = startProgram(pathOf('storescp'), ['--aetitle', 'STORESCP', ...args, String(port)], folder);
  await listening(port, program.ended);
  return {
    ...program,
    node: dimseNode('storescp', { aeTitle: 'STORESCP', port }),
    files: async () => (await readdir(folder)).map((name) => join(folder, name)).sort(),
  };
}

/**
 * Starts `dcmqrscp`.
 *
 * @param destination - where C-MOVE to the gateway's AE title goes
 * @param address - AE title and port of the archive, where the test decides them
 */
export async function startArchive(
  destination: { readonly port: number; readonly aeTitle?: string },
  address: Partial<DimseAddress> = {},
  args: readonly string[] = [],
): Promise<DcmtkServer> {
  const { port = await freePort(), aeTitle = 'ARCHIVE' } = address;
  const folder = await programFolder();
  const storage = join(folder, 'ARCHIVE');
  await mkdir(storage);
  const configuration = join(folder, 'dcmqrscp.cfg');
  await writeFile(
    configuration,
    `NetworkTCPPort = ${port}
MaxPDUSize = 16384
MaxAssociations = 16
HostTable BEGIN
gateway = (${destination.aeTitle ?? 'CXRGATEWAY'}, 127.0.0.1, ${destination.port})
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
${aeTitle} ${storage} RW (100, 1024mb) ANY
AETable END
`,
  );
  const program = startProgram(pathOf('dcmqrscp'), ['-c', configuration, ...args], folder);
  await listening(port, program.ended);
  return { ...program, node: dimseNode('archive', { ...address, aeTitle, port }) };
}
