/**
 * npm run bench -- NAME [--json] [--write]
 *
 * Prints the bench's figures and goals; --json as one object, --write also into bench/results.md, with a picture beside it if
 * the bench draws one.
 */
import { parseArgs } from 'node:util';
import { apiBench } from './api.ts';
import { auditBench } from './audit.ts';
import { decodeBench } from './decode.ts';
import { dimseBench } from './dimse.ts';
import { endToEndBench } from './e2e.ts';
import { enginesBench } from './engines.ts';
import { governanceBench } from './governance.ts';
import { poolBench } from './pool.ts';
import { type Bench, makeReport, markdown, writeResults } from './support/report.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  api: apiBench,
  audit: auditBench,
  decode: decodeBench,
  dimse: dimseBench,
  e2e: endToEndBench,
  engines: enginesBench,
  governance: governanceBench,
  pool: poolBench,
};

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
const outcome = await bench();
const report = makeReport(name, outcome);
if (values.write) writeResults(report, outcome.picture);
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : markdown(report));
process.exit(0);
