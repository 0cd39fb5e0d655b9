/** `cxr-gateway reproduce`: a finding made again from the stored film. */
import { join } from 'node:path';
import { commandLineActor } from '../access/command-line.ts';
import { loadConfig } from '../config.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import { GATEWAY_VERSION } from '../gateway-version.ts';
import { nameProcessor, thisProcessor } from '../inference/processor.ts';
import { readInProcess } from '../inference/read-in-process.ts';
import { type Reproduction, reproduce } from '../reproduce.ts';
import { fromGlobalId } from '../schema/global-id.ts';
import { appendAudit } from '../store/audit/append.ts';
import type { AuditEntry } from '../store/audit/audit-entry.ts';
import { openRecords, type Records } from '../store/open-records.ts';
import { type RecordedFinding, recordedFinding } from '../store/reads/recorded-finding.ts';
import { UNRESTRICTED } from '../store/reads/scope.ts';
import { isUuid } from '../store/reads/uuid.ts';
import { modelFolders } from './find-folder.ts';
import { print, printTable } from './output.ts';

/** Options of `reproduce`. */
export interface ReproduceCommand {
  /** SHA-256 of another ONNX file of the model version. */
  readonly engine?: string;
  readonly json?: boolean;
}

/**
 * Makes the finding again, says whether it is the same, and sets the exit code: 1 when it is not. That it was read is recorded
 * before anything is printed.
 *
 * @param id - global id or UUID of the finding
 * @throws GatewayError NOT_FOUND, and as reproduce
 */
export async function runReproduce(id: string, { engine, json }: ReproduceCommand): Promise<void> {
  const config = loadConfig();
  await using records = await openRecords(config.database);
  const reader = { prisma: records.prisma, scope: UNRESTRICTED };
  const recorded = await recordedFinding(reader, isUuid(id) ? id : fromGlobalId('Finding', id));
  if (recorded === null) throw new GatewayError('NOT_FOUND', 'There is no such finding.');
  let result: Reproduction;
  try {
    result = await reproduce(recorded, {
      limits: config.film,
      gate: config.gate,
      blobPath: (key) => join(config.blobDirectory, key),
      models: await modelFolders(config.modelsDirectory),
      processor: nameProcessor(await thisProcessor()),
      gatewayVersion: GATEWAY_VERSION,
      read: (task) => readInProcess(task, config.inference.intraOpThreads),
      engine,
    });
  } catch (error) {
    await record(records, recorded, { outcome: 'FAILED', errorCode: toGatewayError(error).code });
    throw error;
  }
  const { verdict, film } = result;
  await record(records, recorded, { details: { verdict, filmAltered: film.recorded !== film.now } });
  if (verdict === 'DIFFERENT') process.exitCode = 1;
  if (json === true) print(JSON.stringify(result, null, 2));
  else show(result);
}

async function record({ prisma }: Records, recorded: RecordedFinding, more: Partial<AuditEntry>): Promise<void> {
  const { findingId, inferenceId, instanceId, studyId, patientId, modelVersionId } = recorded;
  const entry: AuditEntry = {
    action: 'READ',
    patientId,
    studyIds: [studyId],
    instanceIds: [instanceId],
    inferenceIds: [inferenceId],
    findingIds: [findingId],
    modelVersionIds: [modelVersionId],
    ...more,
  };
  await prisma.$transaction((tx) => appendAudit(tx, commandLineActor('reproduce'), [entry]));
}

const VERDICTS: Readonly<Record<Reproduction['verdict'], string>> = {
  BIT_EQUAL: 'equal to the last bit',
  WITHIN_TOLERANCE: 'equal within rounding, on the same processor',
  DIFFERENT: 'different',
};

function show(result: Reproduction): void {
  const { label, model, verdict, probability, heatMap, film, unreadable } = result;
  print(`${label} by ${model}: ${VERDICTS[verdict]}`);
  if (film.recorded !== film.now) print('the stored film is not the one that was read');
  if (unreadable === undefined) {
    const difference = heatMap.largestDifference ?? 'its size';
    print(`probability differs by ${probability.difference}, heat map by ${difference} at most`);
  } else {
    print(`and cannot be read: ${unreadable.code}: ${unreadable.message}`);
  }
  print();
  const row = (
    name: string,
    of: { readonly recorded: string | number | null; readonly now: string | number | null },
  ) => [of.recorded === of.now ? '' : '*', name, String(of.recorded ?? 'not kept'), String(of.now ?? 'not read')];
  printTable([
    ['', '', 'recorded', 'now'],
    row('probability', probability),
    row('ONNX file', result.engine),
    row('preprocessing', result.preprocessingVersion),
    row('gateway', result.gatewayVersion),
    row('runtime', result.runtime),
    row('processor', result.processor),
    row('film SHA-256', film),
  ]);
}
