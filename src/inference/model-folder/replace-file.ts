/** Files of a model folder change whole: a gateway that starts meanwhile reads the old one or the new one. */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { GatewayError } from '../../errors.ts';

/** Writes a file beside its place, then moves it there. @throws GatewayError MODEL_INVALID, STORAGE_FULL */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, content, { flag: 'wx', flush: true });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') throw cause;
    throw new GatewayError('MODEL_INVALID', `${path} cannot be written.`, {}, { cause });
  }
}

/**
 * JSON as it lies in a model folder: lists of numbers on one line. Line ends stand between values only; within strings
 * JSON escapes them.
 */
export function toJson(value: unknown): string {
  const indented = JSON.stringify(value, null, 2);
  const number = String.raw`-?\d[\d.e+-]*`;
  const list = new RegExp(String.raw`\[\n\s*(${number}(?:,\n\s*${number})*)\n\s*\]`, 'g');
  return `${indented.replaceAll(list, (_, numbers: string) => `[${numbers.replaceAll(/\s+/g, ' ')}]`)}\n`;
}
