/** The first page of a document as a browser shows it. Needs chromium. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const SIZE = '900,1270';

/** @returns PNG */
export async function printedPage(html: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-page-'));
  try {
    const [page, picture] = [join(folder, 'page.html'), join(folder, 'page.png')];
    await writeFile(page, html);
    const options = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', `--window-size=${SIZE}`];
    await promisify(execFile)('chromium', [...options, `--screenshot=${picture}`, `file://${page}`]);
    return await readFile(picture);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
