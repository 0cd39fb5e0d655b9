/**
 * npm run bench -- NAME [--json] [--write]
 *
 * Prints the bench's figures and goals; --json as one object, --write also into bench/results.md.
 */
import { parseArgs } from 'node:util';
import { apiBench } from './api.ts';
import { endToEndBench } from './e2e.ts';
import { poolBench } from './pool.ts';
import { type Bench, makeReport, markdown, writeResults } from './support/report.ts';

const BENCHES: Readonly<Record<string, Bench>> = { api: apiBench, e2e: endToEndBench, pool: poolBench };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
});
const name = positionals[0] ?? '';
const bench = BENCHES[name];
if (bench === undefined) {
  process.stderr.write(`Which bench? npm run bench -- ${Object.keys(BENCHES).join('|')} [--json] [--write]\n`);
  process.exit(2);
}
const { figures, goals } = await bench();
const report = makeReport(name, figures, goals);
if (values.write) writeResults(report);
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : markdown(report));
process.exit(0);
