/**
 * npm run fuzz -- TARGET [--iterations N] [--seed S] [--case I] [--json]
 *
 * Runs N mutated inputs against a target and prints how they ended. Ends with 1 when one crashed it, hung it or made it use too much
 * memory. The same seed gives the same inputs; --case repeats a single one.
 */
import { parseArgs } from 'node:util';
import { type CampaignOutcome, runCampaign } from './campaign.ts';
import { TARGETS } from './target.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    iterations: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [name = ''] = positionals;
const path = TARGETS[name];
const iterations = Number(values.iterations);
const seed = Number(values.seed);
const single = values.case === undefined ? undefined : Number(values.case);
const wholeNumbers = [iterations, seed, single ?? 0].every((value) => Number.isInteger(value) && value >= 0);
if (path === undefined || !wholeNumbers || iterations === 0) {
  process.stderr.write(
    `Which target? npm run fuzz -- ${Object.keys(TARGETS).join('|')} [--iterations N] [--seed S] [--case I] [--json]\n`,
  );
  process.exit(2);
}
const outcome = await runCampaign({
  module: new URL(path, import.meta.url).href,
  seed,
  first: single ?? 0,
  cases: single === undefined ? iterations : single + 1,
  ...(process.stderr.isTTY ? { onProgress: (done: number) => void process.stderr.write(`\r${done} cases`) } : {}),
});
process.stdout.write(values.json ? `${JSON.stringify({ target: name, seed, ...outcome })}\n` : describe(outcome));
process.exit(outcome.findings.length === 0 ? 0 : 1);

function describe({ cases, seconds, outcomes, slowestMs, peakBytes, capBytes, findings }: CampaignOutcome): string {
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return [
    `fuzz ${name}, seed ${seed}: ${cases} cases in ${seconds.toFixed(1)} s`,
    ...Object.entries(outcomes).map(([how, count]) => `  ${String(count).padStart(8)}  ${how}`),
    `slowest case ${slowestMs.toFixed(0)} ms; memory rose by ${mebibytes(peakBytes)} (cap ${mebibytes(capBytes)})`,
    findings.length === 0 ? 'nothing found' : `${findings.length} found:`,
    ...findings.map(({ index, what }) => `  case ${index}: ${what}`),
    '',
  ].join('\n');
}
