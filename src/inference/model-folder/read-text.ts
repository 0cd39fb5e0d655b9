/** Text files of model folders, which anybody may have put there. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** A manifest with 1,000 labels and a reference of 101 quantiles for each has 2 MB. */
export const MOST_BYTES = 8_388_608;

/**
 * Reads a file of text, of at most {@link MOST_BYTES}.
 *
 * @throws Error as the file system does (ENOENT, ...), and for what is no file or too large. A pipe is never waited for: four
 *   of them would hold every thread that Node has for files
 */
export async function readText(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error(`${path} is no file.`);
    if (stats.size > MOST_BYTES) throw new Error(`${path} has more than ${MOST_BYTES} bytes.`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
