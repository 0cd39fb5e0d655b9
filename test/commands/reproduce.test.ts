/** A finding made again by the built command line, beside a gateway that runs. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
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
    expect(Math.abs(probability.difference ?? 0)).toBeGreaterThan(1e-6);
    expect(Math.abs(probability.difference ?? 1)).toBeLessThan(0.2);
  });

  it('refuses an engine that is not here, and findings that are not there', async () => {
    expect(await run([finding.id, '--engine', 'ab'.repeat(32)])).toMatchObject({ code: 1, stdout: '' });
    const elsewhere = await run([finding.id], { MODELS_DIR: folder });
    expect(elsewhere).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('MODEL_INVALID') });
    const unknown = await run(['00000000-0000-7000-8000-000000000000']);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('NOT_FOUND') });
    expect(await run(['nonsense'])).toMatchObject({ code: 1, stderr: expect.stringContaining('BAD_REQUEST') });
  });

  describe('of a film that was altered', () => {
    let path: string;
    let bytes: Buffer;

    beforeAll(async () => {
      const names = await readdir(join(folder, 'blobs'), { recursive: true });
      path = join(folder, 'blobs', names.find((name) => name.includes(`${finding.provenance.filmSha256}.dcm`)) ?? '');
      bytes = await readFile(path);
    });
    afterEach(() => writeFile(path, bytes));

    const differing = async (altered: Buffer): Promise<Reproduction> => {
      await writeFile(path, altered);
      const { code, stdout, stderr } = await run([finding.id, '--json']);
      expect(code, stderr).toBe(1);
      const result: Reproduction = JSON.parse(stdout);
      const now = createHash('sha256').update(altered).digest('hex');
      expect(result).toMatchObject({
        verdict: 'DIFFERENT',
        film: { recorded: finding.provenance.filmSha256, now },
        probability: { recorded: finding.probability },
      });
      const shown = await run([finding.id]);
      expect(shown).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('the stored film is not the one that was read'),
      });
      expect(shown.stdout).toMatch(new RegExp(`\\* +film SHA-256 +${finding.provenance.filmSha256} +${now}`));
      return result;
    };

    it('tells by how much, where pixels are others', async () => {
      const altered = Buffer.from(bytes);
      // A square of 64 x 64 pixels of 16 bits in the middle of the film is made black; Pixel Data ends the file.
      const pixels = altered.length - 256 * 256 * 2;
      for (let row = 96; row < 160; row += 1)
        altered.fill(0, pixels + (row * 256 + 96) * 2, pixels + (row * 256 + 160) * 2);
      const { unreadable, probability, heatMap } = await differing(altered);
      expect(unreadable).toBeUndefined();
      expect(Math.abs(probability.difference ?? 0)).toBeGreaterThan(1e-4);
      expect(heatMap.largestDifference).toBeGreaterThan(1e-3);
    });

    it('says different of a single bit, even one that no answer hangs on', async () => {
      const altered = Buffer.from(bytes);
      altered[altered.length - 1] = (altered[altered.length - 1] ?? 0) ^ 0x80; // above Bits Stored
      expect((await differing(altered)).unreadable).toBeUndefined();
    });

    it('says different of another film in its place', async () => {
      const { probability } = await differing(Buffer.from(makePhantom({ seed: 78, rows: 256, columns: 256 })));
      expect(Math.abs(probability.difference ?? 0)).toBeGreaterThan(1e-4);
    });

    it('says different, and why it cannot be read, of a film that ends early or that the gate refuses', async () => {
      const { unreadable, probability } = await differing(bytes.subarray(0, bytes.length - 10_000));
      expect(unreadable?.code).toMatch(/^(TRUNCATED_FILE|PIXEL_DATA_LENGTH_MISMATCH)$/);
      expect(probability).toMatchObject({ now: null, difference: null });
      const blank = Buffer.from(bytes);
      blank.fill(0, blank.length - 256 * 256 * 2);
      expect((await differing(blank)).unreadable).toMatchObject({
        code: 'INVALID_STATE',
        message: expect.stringContaining('PIXELS_BLANK'),
      });
    });

    it('is equal again once the film is back, and all of it is in the audit', async () => {
      expect((await run([finding.id])).code).toBe(0);
      const prisma = createClient({ url: database.url, poolSize: 1 });
      const records = await prisma.auditRecord.findMany({ where: { operation: 'reproduce', outcome: 'SUCCESS' } });
      await prisma.$disconnect();
      const altered = records.filter(({ details }) => JSON.parse(details ?? '{}').filmAltered === true);
      expect(altered).toHaveLength(10);
    });
  });
});
