/** `send`: films to a node. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../config.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import { openFilm } from '../nodes/film-files.ts';
import type { OutgoingFilm } from '../nodes/node-client.ts';
import { nodeClientOptions, preferredClient } from '../nodes/node-clients.ts';
import { findTarget, type TargetOptions } from './node-target.ts';
import { print } from './output.ts';
import { Progress } from './progress.ts';

/** Options of the command line. */
export interface SendCommand extends TargetOptions {
  readonly to: string;
}

/**
 * Sends every film. What cannot be sent is named and stops no other; the exit code is 1 then.
 *
 * @throws GatewayError NOT_FOUND, DICOM_NODE_UNKNOWN, and what ends the whole sending
 */
export async function runSend(paths: readonly string[], command: SendCommand): Promise<void> {
  const config = loadConfig({ DIMSE_AE_TITLE: command.calling });
  const client = preferredClient(await findTarget(command.to, command, config), nodeClientOptions(config));
  const progress = new Progress('sending', 'films');
  let failed = 0;
  const report = (path: string, { code, message }: GatewayError) => {
    failed += 1;
    progress.line(`not sent: ${path}: ${code}: ${message}`);
  };
  const films: OutgoingFilm[] = [];
  const files = await filesOf(paths);
  for (const path of files) {
    try {
      films.push(await openFilm(path));
    } catch (error) {
      report(path, toGatewayError(error));
    }
  }
  let sent = 0;
  const pathOf = new Map(films.map((film) => [film.sopInstanceUid, film.path]));
  const began = performance.now();
  try {
    await client.sendFilms(films, (uid, error) => {
      if (error === undefined) sent += 1;
      else report(pathOf.get(uid ?? '') ?? 'a film', error);
      progress.update(sent + failed, films.length);
    });
  } finally {
    progress.end();
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    print(`${sent} of ${files.length} films sent to ${command.to} in ${seconds} s`);
  }
  if (failed > 0) process.exitCode = 1;
}

/** Every file named, and every file of every folder named, at any depth. @throws GatewayError NOT_FOUND */
async function filesOf(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const info = await stat(path).catch((cause: unknown) => {
      throw new GatewayError('NOT_FOUND', `There is no file or folder ${path}.`, {}, { cause });
    });
    if (!info.isDirectory()) files.push(path);
    else {
      const entries = await readdir(path, { recursive: true, withFileTypes: true });
      files.push(
        ...entries
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort(),
      );
    }
  }
  return files;
}
