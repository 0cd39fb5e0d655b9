/** `model list`, `model show` and `model verify`: what lies in MODELS_DIR. */
import { basename, join } from 'node:path';
import { loadConfig } from '../config.ts';
import { fileDigest } from '../inference/compile/download.ts';
import { enginesOf } from '../inference/engine.ts';
import type { ModelManifest } from '../inference/manifest.ts';
import { findFolder, modelFolders } from './find-folder.ts';
import { print, printTable } from './output.ts';

/** Every model version, one a line. @throws GatewayError MODEL_INVALID */
export async function runList(): Promise<void> {
  const folders = await modelFolders(loadConfig().modelsDirectory);
  const rows = folders.map(({ directory, manifest }) => [
    `${manifest.name}@${manifest.version}`,
    manifest.precision,
    `${manifest.input.height} x ${manifest.input.width}`,
    String(manifest.labels.length),
    lastMeasured(manifest)?.mean.toFixed(4) ?? '-',
    manifest.sha256.slice(0, 12),
    directory,
  ]);
  printTable([['model', 'precision', 'input', 'labels', 'mean AUC', 'SHA-256', 'folder'], ...rows]);
}

/** One model version. @throws GatewayError NOT_FOUND, MODEL_INVALID */
export async function runShow(named: string, { json }: { readonly json?: boolean }): Promise<void> {
  const { directory, manifest } = await findFolder(named, loadConfig().modelsDirectory);
  if (json === true) return print(JSON.stringify(manifest, null, 2));
  const { input, preprocessing, thresholdsOrigin, metrics, labels } = manifest;
  print(`${manifest.name}@${manifest.version}: ${manifest.description}`);
  print(`folder         ${directory}`);
  for (const { file, precision, digest } of enginesOf(manifest)) print(`${precision.padEnd(14)} ${digest}  ${file}`);
  print(`input          ${input.height} x ${input.width}, ${input.channels} channel(s)`);
  print(`preprocessing  ${preprocessing.grayscaleRule}/${preprocessing.version}, crop ${preprocessing.crop}`);
  print(`thresholds     ${thresholdsOrigin.method} (${thresholdsOrigin.dataSet})`);
  for (const { dataSet, precision, mean, films } of metrics) {
    print(`mean AUC       ${mean.toFixed(4)} ${precision ?? manifest.precision}, ${films} films: ${dataSet}`);
  }
  print(`intended use   ${manifest.provenance.intendedUse}`);
  print();
  const last = lastMeasured(manifest);
  printTable([
    ['label', 'threshold', 'AUC'],
    ...labels.map(({ name, threshold }) => [name, String(threshold), last?.perLabel[name]?.toFixed(4) ?? '-']),
  ]);
}

/** Compares every ONNX file with the digest that its manifest gives; the exit code is 1 when one differs. */
export async function runVerify(): Promise<void> {
  for (const { directory, manifest } of await modelFolders(loadConfig().modelsDirectory)) {
    for (const { file, digest } of enginesOf(manifest)) {
      const found = await fileDigest(join(directory, file)).catch(() => null);
      const verdict = found === null ? 'MISSING' : found === digest ? 'ok' : 'DIFFERENT';
      print(`${verdict.padEnd(9)} ${digest}  ${basename(directory)}/${file}`);
      if (verdict !== 'ok') process.exitCode = 1;
    }
  }
}

/** The last measurement of what the main file is. */
function lastMeasured({ metrics, precision }: ModelManifest): ModelManifest['metrics'][number] | undefined {
  return metrics.findLast((entry) => (entry.precision ?? precision) === precision);
}
