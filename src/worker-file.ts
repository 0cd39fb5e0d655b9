/**
 * The file of a worker thread, beside the module that starts it: TypeScript where that is run as it is, JavaScript once built.
 *
 * @param module - `import.meta.url` of the module that starts it
 * @param name - of the file, without what it ends in
 */
export function workerFile(module: string, name: string): URL {
  return new URL(`./${name}${module.endsWith('.ts') ? '.ts' : '.js'}`, module);
}
