/**
 * Looks for known vulnerabilities in what the gateway is delivered with. Ends with 1 for one of severity high or critical that
 * dependency-exceptions.json does not name with a reason and a date. A registry without audit, or none that can be reached, is
 * said and passes: the check must also run where packages come from a mirror.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Exceptions, judgeAudit } from './dependency-advisories.ts';

const TIMEOUT_MS = 60_000;

const exceptions = Exceptions.parse(
  JSON.parse(readFileSync(resolve(import.meta.dirname, 'dependency-exceptions.json'), 'utf8')),
);
const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  cwd: resolve(import.meta.dirname, '..'),
  encoding: 'utf8',
  timeout: TIMEOUT_MS,
});
const outcome =
  error === undefined ? judgeAudit(stdout, exceptions) : { kind: 'NOT_AVAILABLE' as const, why: error.message };
if (outcome.kind === 'NOT_AVAILABLE') {
  process.stdout.write(`Dependencies were not audited: the registry answers no audit (${outcome.why}).\n`);
} else {
  for (const { text } of outcome.open) process.stderr.write(`${text}\n`);
  for (const id of outcome.unused) process.stdout.write(`${id} in dependency-exceptions.json is needed no more.\n`);
  if (outcome.open.length > 0) process.exitCode = 1;
}
