/** Where the real films lie that the repository does not ship; undefined where they are not. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Folder with `data/` and `model/`: CXR_SHARED, or `shared` beside the repository; undefined when absent. */
export function sharedData(): string | undefined {
  const folder = process.env.CXR_SHARED ?? resolve(import.meta.dirname, '..', '..', '..', 'shared');
  return existsSync(join(folder, 'data')) ? folder : undefined;
}
