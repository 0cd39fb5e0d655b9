/**
 * Orthanc with its DICOMweb plugin. It listens on all addresses whatever its configuration says, so it runs in a network
 * namespace of its own where the machine allows that; else on random ports, with a password, for this machine alone.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DicomNode, DicomWebAddress } from '../../../src/dicom/network/node.ts';
import { dimseNode } from '../nodes.ts';
import { freePort, installed, listening, type Program, programFolder, startProgram } from './programs.ts';
import { relay } from './relay.ts';

const PLUGINS = '/usr/share/orthanc/plugins';

/** Whether Orthanc and its DICOMweb plugin are installed. */
export const hasOrthanc = installed('Orthanc') !== undefined && existsSync(join(PLUGINS, 'libOrthancDicomWeb.so'));

/** A running Orthanc. */
export interface Orthanc extends Program {
  /** By DIMSE. */
  readonly dimse: DicomNode;
  /** By DICOMweb. */
  readonly dicomWeb: DicomNode & { readonly dicomWeb: DicomWebAddress };
  /** Value of the Authorization header. */
  readonly authorization: string;
  /** Base address of its own REST API. */
  readonly url: string;
}

const AUTHORIZATION = `Basic ${Buffer.from('gateway:of-a-test').toString('base64')}`;

/** How to run something in a new network namespace; undefined where that is not allowed. */
function namespaceCommand(): readonly string[] | undefined {
  for (const flags of [['-n'], ['-rn']]) {
    try {
      execFileSync('unshare', [...flags, 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
      return ['unshare', ...flags];
    } catch {
      // The next way.
    }
  }
  return undefined;
}

/**
 * @param destination - where C-MOVE to the gateway's AE title goes
 * @param settings - over those of a plain Orthanc, such as DicomTlsEnabled
 */
export async function startOrthanc(
  destination: { readonly port: number; readonly UseDicomTls?: boolean },
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Orthanc> {
  const folder = await programFolder();
  const [httpPort, dicomPort] = [await freePort(), await freePort()];
  const configuration = join(folder, 'orthanc.json');
  await writeFile(
    configuration,
    JSON.stringify({
      StorageDirectory: join(folder, 'storage'),
      IndexDirectory: join(folder, 'index'),
      Plugins: [join(PLUGINS, 'libOrthancDicomWeb.so')],
      DicomWeb: { Enable: true },
      HttpPort: httpPort,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: true,
      RegisteredUsers: { gateway: 'of-a-test' },
      DicomPort: dicomPort,
      DicomAet: 'ORTHANC',
      DicomCheckCalledAet: true,
      DicomModalities: {
        gateway: {
          AET: 'CXRGATEWAY',
          Host: '127.0.0.1',
          Port: destination.port,
          UseDicomTls: destination.UseDicomTls ?? false,
        },
      },
      ...settings,
    }),
  );
  const program = await run(configuration, folder, httpPort, dicomPort, destination.port);
  const url = `http://127.0.0.1:${httpPort}`;
  await ready(url, program);
  const dicomWeb = { url: `${url}/dicom-web`, authorization: AUTHORIZATION, caFile: undefined };
  return {
    ...program,
    url,
    authorization: AUTHORIZATION,
    dimse: dimseNode('orthanc-dimse', { aeTitle: 'ORTHANC', port: dicomPort }),
    dicomWeb: { name: 'orthanc', dimse: undefined, dicomWeb },
  };
}

async function run(
  configuration: string,
  folder: string,
  httpPort: number,
  dicomPort: number,
  destinationPort: number,
): Promise<Program> {
  const orthanc = installed('Orthanc');
  if (orthanc === undefined) throw new Error('Orthanc is not installed');
  const namespace = namespaceCommand();
  if (namespace === undefined) {
    const program = startProgram(orthanc, [configuration], folder);
    await Promise.all([httpPort, dicomPort].map((port) => listening(port, program.ended)));
    return program;
  }
  const ways = [`in:http.sock:${httpPort}`, `in:dicom.sock:${dicomPort}`, `out:${destinationPort}:door.sock`];
  const [unshare = '', ...flags] = namespace;
  const inside = resolve(import.meta.dirname, 'within-namespace.ts');
  const program = startProgram(
    unshare,
    [...flags, process.execPath, inside, folder, orthanc, configuration, '--', ...ways],
    folder,
  );
  const servers = await Promise.all([
    relay(httpPort, join(folder, 'http.sock')),
    relay(dicomPort, join(folder, 'dicom.sock')),
    relay(join(folder, 'door.sock'), destinationPort),
  ]);
  await Promise.all(['http.sock', 'dicom.sock'].map((name) => listening(join(folder, name), program.ended)));
  return {
    ...program,
    [Symbol.asyncDispose]: async () => {
      await program.stop('SIGTERM');
      for (const server of servers) server.close();
      await program[Symbol.asyncDispose]();
    },
  };
}

/** Until its REST API answers. The relay listens before Orthanc does, so a connection says nothing. */
async function ready(url: string, program: Program): Promise<void> {
  let over = false;
  void program.ended.then(() => {
    over = true;
  });
  while (!over) {
    const answer = await fetch(`${url}/system`, { headers: { authorization: AUTHORIZATION } }).catch(() => undefined);
    if (answer?.ok === true) return;
  }
  throw new Error(`Orthanc ended: ${program.output()}`);
}
