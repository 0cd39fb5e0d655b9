/** The `audit` commands. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { KeptHash } from '../store/audit/verify/verify-audit.ts';
import type { AuditExportCommand } from './audit-export.ts';
import { runAuditHead, runAuditVerify, type VerifyCommand } from './audit-verify.ts';

/** Adds `audit verify`, `audit head` and `audit export`. */
export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('the record of who saw and did what');
  audit
    .command('verify')
    .description('look for altered, removed, inserted and reordered records; exit status 1 when there are any')
    .option('--from <position>', 'begin here instead of at the first record', positionOf)
    .option(
      '--expect <position:hash>',
      'a hash that must be found, as verify or head printed it; may be repeated',
      (text: string, earlier: readonly KeptHash[]) => [...earlier, keptHash(text)],
      [] as readonly KeptHash[],
    )
    .option('--json', 'print JSON')
    .action((command: VerifyCommand) => runAuditVerify(command));
  audit
    .command('head')
    .description('print position:hash of the last record, to be kept elsewhere')
    .action(runAuditHead);
  audit
    .command('export')
    .description('write records for other systems, one a line; that it was done is recorded')
    .addOption(
      new Option(
        '--format <format>',
        'DICOM PS3.15 messages (XML), FHIR R4 AuditEvent (NDJSON), or all columns (NDJSON)',
      )
        .choices(['dicom', 'fhir', 'json'])
        .makeOptionMandatory(),
    )
    .option('--from <position|time>', 'first position, or begin of a span of time (ISO 8601)')
    .option('--to <position|time>', 'last position, or end of a span of time, exclusive; default: all there is')
    .requiredOption('--output <file>', 'a file that is not there yet, or - for standard output')
    .action(runExport);
}

/** Loaded when it is needed: the other commands do without the client of the records. */
async function runExport(command: AuditExportCommand): Promise<void> {
  const { runAuditExport } = await import('./audit-export.ts');
  await runAuditExport(command);
}

function positionOf(text: string): number {
  const position = Number(text);
  if (!Number.isSafeInteger(position) || position < 1) throw new InvalidArgumentError('must be a position: 1 or more.');
  return position;
}

function keptHash(text: string): KeptHash {
  const [position, hash = '', ...rest] = text.split(':');
  if (!/^[0-9a-f]{64}$/.test(hash) || rest.length > 0) {
    throw new InvalidArgumentError('must be POSITION:HASH, the hash 64 hexadecimal digits.');
  }
  return { position: positionOf(position ?? ''), hash };
}
