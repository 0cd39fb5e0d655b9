/**
 * What benches use of the built gateway. The API's classes carry decorators, which Node does not run from TypeScript
 * directly, so the composition root comes from dist/; its types come from src/.
 */
import { resolve } from 'node:path';
import type { FilmLimits } from '../../src/config.ts';

const DIST = resolve(import.meta.dirname, '..', '..', 'dist');

/** Limits that no bench film comes near. */
export const LIMITS: FilmLimits = { maxFileBytes: 512 * 2 ** 20, maxHeaderBytes: 2 ** 20, maxDimension: 16_384 };

/** The command line of the built gateway. */
export const MAIN = resolve(DIST, 'main.js');

/** Modules of dist/ by their path below src/, with the types of src/. */
export async function builtApp(): Promise<typeof import('../../src/app.ts')> {
  return import(resolve(DIST, 'app.js'));
}

/** The shipped models. */
export const MODELS = resolve(DIST, '..', 'models');
