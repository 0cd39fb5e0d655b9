/** Programs of other makers that run to an end, such as senders and encoders. */
import { execFile } from 'node:child_process';

/** How a program ended, with everything it wrote. */
export interface Ended {
  readonly code: number;
  readonly output: string;
}

const LONGEST_MS = 60_000;

/** Runs a program to its end. */
export function runProgram(path: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(path, args, { encoding: 'utf8', timeout: LONGEST_MS }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}
