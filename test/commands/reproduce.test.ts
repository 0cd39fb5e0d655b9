/** A finding made again by the built command line, beside a gateway that runs. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makePhantom } from '../../src/dicom/phantom.ts';
import { enginesOf } from '../../src/inference/engine.ts';
import { discoverModels } from '../../src/inference/registry.ts';
import type { Reproduction } from '../../src/reproduce.ts';
import { createClient } from '../../src/store/client.ts';
import { stow, subscribe } from '../support/client.ts';
import { type GatewayProcess, runCommand, startGatewayProcess } from '../support/gateway-process.ts';
import { createDatabase } from '../support/postgres.ts';

interface FoundFinding {
  readonly id: string;
  readonly label: string;
  readonly probability: number;
  readonly provenance: { readonly executedDigest: string; readonly filmSha256: string };
}

const COMPLETED = `subscription($after: String) { findingsCompleted(after: $after) {
  findings { id label probability provenance { executedDigest filmSha256 } } } }`;

describe('reproduce', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let folder: string;
  let settings: Record<string, string>;
  let gateway: GatewayProcess;
  let finding: FoundFinding;

  beforeAll(async () => {
    database = await createDatabase(inject('databaseUrl'));
    folder = await mkdtemp(join(tmpdir(), 'cxr-reproduce-'));
    settings = { DATABASE_URL: database.url, DATA_DIR: folder, INFERENCE_THREADS: '1' };
    gateway = await startGatewayProcess(settings);
    await using live = await subscribe<{ findingsCompleted: { findings: FoundFinding[] } }>(gateway.url, COMPLETED);
    expect((await stow(gateway.url, [makePhantom({ seed: 77, rows: 256, columns: 256 })])).status).toBe(200);
    const [found] = (await live.next()).findingsCompleted.findings;
    if (found === undefined) throw new Error('the film has no findings');
    finding = found;
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (args: readonly string[], more: Record<string, string> = {}) =>
    runCommand(['reproduce', ...args], { ...settings, ...more });

  it('says equal of an untouched film, and that it was read is recorded', async () => {
    const { code, stdout, stderr } = await run([finding.id, '--json']);
    expect(code, stderr).toBe(0);
    const result: Reproduction = JSON.parse(stdout);
    expect(result).toMatchObject({
      label: finding.label,
      verdict: 'BIT_EQUAL',
      probability: { recorded: finding.probability, now: finding.probability, difference: 0 },
      heatMap: { largestDifference: 0 },
    });
    expect(result.processor.now).toBe(result.processor.recorded);
    const byUuid = await run([result.findingId]);
    expect(byUuid.code).toBe(0);
    expect(byUuid.stdout).toContain('equal to the last bit');
    const prisma = createClient({ url: database.url, poolSize: 1 });
    const records = await prisma.auditRecord.findMany({ where: { operation: 'reproduce' } });
    await prisma.$disconnect();
    expect(records).toHaveLength(2);
    expect(records[0]).toMatchObject({ action: 'READ', outcome: 'SUCCESS', findingIds: [result.findingId] });
  });

  it('says by how much another engine differs', async () => {
    const [model] = await discoverModels(resolve(import.meta.dirname, '..', '..', 'models'));
    const engines = model === undefined ? [] : enginesOf(model.manifest);
    const ran = engines.find(({ digest }) => digest === finding.provenance.executedDigest);
    const other = engines.find(({ precision }) => precision !== ran?.precision);
    const { code, stdout, stderr } = await run([finding.id, '--json', '--engine', other?.digest ?? '']);
    expect(code, stderr).toBe(1);
    const { verdict, probability, engine }: Reproduction = JSON.parse(stdout);
    expect(verdict).toBe('DIFFERENT');
    expect(engine).toEqual({ recorded: ran?.digest, now: other?.digest });
    expect(Math.abs(probability.difference)).toBeGreaterThan(1e-6);
    expect(Math.abs(probability.difference)).toBeLessThan(0.2);
  });

  it('refuses an engine that is not here, and findings that are not there', async () => {
    expect(await run([finding.id, '--engine', 'ab'.repeat(32)])).toMatchObject({ code: 1, stdout: '' });
    const elsewhere = await run([finding.id], { MODELS_DIR: folder });
    expect(elsewhere).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('MODEL_INVALID') });
    const unknown = await run(['00000000-0000-7000-8000-000000000000']);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('NOT_FOUND') });
    expect(await run(['nonsense'])).toMatchObject({ code: 1, stderr: expect.stringContaining('BAD_REQUEST') });
  });

  it('refuses a film that was altered', async () => {
    const { filmSha256: sha256 } = finding.provenance;
    const names = await readdir(join(folder, 'blobs'), { recursive: true });
    const path = join(folder, 'blobs', names.find((name) => name.includes(`${sha256}.dcm`)) ?? '');
    const bytes = await readFile(path);
    const altered = Buffer.from(bytes);
    altered[altered.length - 1000] = (altered[altered.length - 1000] ?? 0) ^ 1;
    await writeFile(path, altered);
    expect(await run([finding.id])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('BLOB_CORRUPT'),
    });
    await writeFile(path, bytes);
    expect((await run([finding.id])).code).toBe(0);
  });
});
