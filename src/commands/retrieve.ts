/** `retrieve`: a study of a node, into a folder or into a running gateway. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Config, loadConfig } from '../config.ts';
import { isUid } from '../dicom/uid.ts';
import { GatewayError } from '../errors.ts';
import { openFilm } from '../nodes/film-files.ts';
import type { IncomingFilm } from '../nodes/node-client.ts';
import { nodeClientOptions, preferredClient } from '../nodes/node-clients.ts';
import { readCredential } from './gateway-credential.ts';
import { findTarget, type TargetOptions } from './node-target.ts';
import { print } from './output.ts';
import { Progress } from './progress.ts';
import { retrieveByGateway } from './retrieve-by-gateway.ts';

/** Options of the command line. */
export interface RetrieveCommand extends TargetOptions {
  /** Study Instance UID. */
  readonly study: string;
  /** Folder; undefined: into the gateway. */
  readonly output?: string;
  /** Address of the gateway. */
  readonly gateway?: string;
  /** File with the credential for the gateway. */
  readonly tokenFile?: string;
}

/** @throws GatewayError BAD_REQUEST, DICOM_NODE_UNKNOWN, NOT_FOUND, and what the client or the gateway answers */
export async function runRetrieve(named: string, command: RetrieveCommand): Promise<void> {
  const config = loadConfig({ DIMSE_AE_TITLE: command.calling });
  if (!isUid(command.study)) throw new GatewayError('BAD_REQUEST', '--study is no UID.');
  if (command.output !== undefined) return download(named, command, resolve(command.output), config);
  if (command.called !== undefined || command.calling !== undefined) {
    throw new GatewayError('BAD_REQUEST', 'Addresses and AE titles go with --output; a gateway knows nodes by name.');
  }
  const { host, port, tls } = config.http;
  const url = command.gateway ?? `${tls === undefined ? 'http' : 'https'}://${host}:${port}`;
  const credential = await readCredential(command.tokenFile, config);
  await retrieveByGateway({ url, credential }, named, command.study);
}

/** Always by C-GET or WADO-RS: C-MOVE would send the films to the gateway. */
async function download(named: string, command: RetrieveCommand, folder: string, config: Config): Promise<void> {
  const client = preferredClient(await findTarget(named, command, config), nodeClientOptions(config));
  await mkdir(folder, { recursive: true });
  const progress = new Progress('receiving', 'films');
  let received = 0;
  let failed = 0;
  try {
    await client.fetchStudy(
      command.study,
      (film) => save(film, folder, config.film.maxFileBytes),
      (uid, error) => {
        if (error === undefined) received += 1;
        else {
          failed += 1;
          progress.line(`not received: ${uid ?? 'an object'}: ${error.code}: ${error.message}`);
        }
        progress.update(received + failed, null);
      },
    );
  } finally {
    progress.end();
  }
  if (received + failed === 0) throw new GatewayError('NOT_FOUND', 'The node has no film of this study.');
  print(`${received} films written to ${folder}`);
  if (failed > 0) process.exitCode = 1;
}

/** Writes a film under its own UID, whatever the node called it; whole or not at all. */
async function save({ bytes }: IncomingFilm, folder: string, maxFileBytes: number): Promise<void> {
  const path = join(folder, `.${randomUUID()}.part`);
  try {
    const file = await open(path, 'wx');
    try {
      let length = 0;
      for await (const chunk of bytes) {
        length += chunk.byteLength;
        if (length > maxFileBytes) {
          throw new GatewayError(
            'PAYLOAD_TOO_LARGE',
            `The film is larger than DICOM_MAX_FILE_BYTES (${maxFileBytes}).`,
          );
        }
        await file.writeFile(chunk);
      }
    } finally {
      await file.close();
    }
    const { sopInstanceUid } = await openFilm(path);
    await rename(path, join(folder, `${sopInstanceUid}.dcm`));
  } finally {
    await rm(path, { force: true });
  }
}
