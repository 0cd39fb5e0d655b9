/** `cxr-gateway audit export`. */
import { open } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { commandLineActor } from '../access/command-line.ts';
import { type AuditExportFormat, type AuditStretch, auditLines } from '../audit-export/export-lines.ts';
import { loadConfig } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { appendAudit } from '../store/audit/append.ts';
import { AuditExportStore } from '../store/audit/audit-exports.ts';
import { openRecords } from '../store/open-records.ts';
import { note } from './output.ts';

/** Options of `audit export`. */
export interface AuditExportCommand {
  readonly format: AuditExportFormat;
  /** A position, or a time in ISO 8601. */
  readonly from?: string;
  readonly to?: string;
  /** A file, or - for standard output. */
  readonly output: string;
}

/** Only the account that exports may read the file. */
const FILE_MODE = 0o600;

/**
 * Writes a stretch of the audit. That it was exported is recorded first.
 *
 * @throws GatewayError BAD_REQUEST, CONFIG_INVALID, DATABASE_UNAVAILABLE
 */
export async function runAuditExport({ format, from, to, output }: AuditExportCommand): Promise<void> {
  const stretch = stretchOf(from, to);
  const { database, audit, dimse } = loadConfig();
  await using records = await openRecords(database);
  const exports = new AuditExportStore(records.prisma, records.url);
  const file = output === '-' ? undefined : await newFile(output);
  const details = { format, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  await records.prisma.$transaction((tx) =>
    appendAudit(tx, commandLineActor('audit export'), [{ action: 'READ', details }]),
  );
  const source = { id: audit.sourceId, aeTitle: dimse.aeTitle };
  const counted = { lines: 0 };
  await write(counting(auditLines(exports, format, stretch, source), counted), file ?? process.stdout);
  note(`${counted.lines} ${format === 'dicom' ? 'messages' : 'records'}`);
}

async function* counting(lines: AsyncIterable<string>, counted: { lines: number }): AsyncGenerator<string, void, void> {
  for await (const line of lines) {
    counted.lines += 1;
    yield line;
  }
}

/** Waits for whoever reads. One who has read enough, such as `head`, ends it without a failure. */
async function write(lines: AsyncIterable<string>, to: Writable): Promise<void> {
  try {
    await pipeline(Readable.from(lines), to, { end: to !== process.stdout });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EPIPE') throw error;
  }
}

async function newFile(path: string): Promise<Writable> {
  try {
    const handle = await open(path, 'wx', FILE_MODE);
    return handle.createWriteStream();
  } catch (cause) {
    const exists = (cause as { code?: unknown }).code === 'EEXIST';
    const problem = exists ? 'The output file is there already.' : 'The output file cannot be made.';
    throw new GatewayError('BAD_REQUEST', problem, {}, { cause });
  }
}

/** Positions count from `from` through `to`; of times `to` is the first that is left out. */
function stretchOf(from: string | undefined, to: string | undefined): AuditStretch {
  const [begin, end] = [boundOf('--from', from), boundOf('--to', to)];
  const time = {
    ...(begin instanceof Date ? { from: begin } : {}),
    ...(end instanceof Date ? { until: end } : {}),
  };
  return {
    ...(typeof begin === 'bigint' ? { from: begin } : {}),
    ...(typeof end === 'bigint' ? { through: end } : {}),
    ...(Object.keys(time).length === 0 ? {} : { occurredAt: time }),
  };
}

function boundOf(option: string, text: string | undefined): bigint | Date | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,17}$/.test(text)) return BigInt(text);
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(time.getTime())) {
    throw new GatewayError('BAD_REQUEST', `${option} takes a position, or a time such as 2026-11-24T15:00:00Z.`);
  }
  return time;
}
