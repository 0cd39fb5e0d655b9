/** Command-line tools of others, timed as whole processes. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether a command can be found. */
export function isInstalled(command: string): boolean {
  const folders = process.env.PATH?.split(delimiter) ?? [];
  return command !== '' && folders.some((folder) => existsSync(join(folder, command)));
}

/**
 * Wall time of one run, from before the process is made until it has ended.
 *
 * @param statuses - exit statuses of a run that did what it should
 * @throws Error for any other
 */
export function timeOf(command: string, parameters: readonly string[], statuses: readonly number[] = [0]): number {
  const began = performance.now();
  const { status, error, stderr } = spawnSync(command, parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
  const milliseconds = performance.now() - began;
  if (error !== undefined || !statuses.includes(status ?? -1)) {
    throw new Error(`${command} ${parameters.join(' ')} ended with ${status}: ${stderr}`, { cause: error });
  }
  return milliseconds;
}
