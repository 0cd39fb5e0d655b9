/** Synthetic films on disk, each with identifiers of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePhantom } from '../../src/dicom/phantom.ts';

/** A folder that goes on disposal. */
export async function temporaryFolder(name: string): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), `cxr-gateway-${name}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Square phantoms of 12 bits in 16, uncompressed. `firstSeed` keeps runs apart. */
export async function writePhantoms(folder: string, count: number, size: number, firstSeed: number): Promise<string[]> {
  const paths: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const path = join(folder, `phantom-${firstSeed + index}.dcm`);
    await writeFile(path, makePhantom({ seed: firstSeed + index, rows: size, columns: size }));
    paths.push(path);
  }
  return paths;
}
