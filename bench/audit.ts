/**
 * What recording every read costs: the same queries over HTTP against two gateways of one process and one database, one of which
 * records no reads, in turns; then how fast a chain of a million rows is verified.
 */
import { randomUUID } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { loadConfig } from '../src/config.ts';
import { silentLog } from '../src/log.ts';
import { systemActor } from '../src/store/audit/audit-entry.ts';
import { auditRows } from '../src/store/audit/audit-row.ts';
import { ChainWriter } from '../src/store/audit/chain-writer.ts';
import { verifyAudit } from '../src/store/audit/verify/verify-audit.ts';
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.ts';
import { builtApp } from './support/built.ts';
import { temporaryFolder } from './support/films.ts';
import { populate } from './support/populate.ts';
import { type Bench, goal, median } from './support/report.ts';

const STUDIES = 10_000;
const CONCURRENCY = 16;
const ROUNDS = 15;
const WARM = 3;
const CHAIN_ROWS = 1_000_000;
const ROWS_A_WRITE = 5000;

/** Slower than this with the audit than without, %. */
const MOST_SLOWDOWN = 15;

const BELOW = `studyInstanceUid accessionNumber studyDate description
  patient { mrn issuer name birthDate sex }
  series { seriesInstanceUid modality bodyPart viewPosition
    instances { sopInstanceUid sopClassUid rows columns eligibility
      inferences { state attempts queuedAt completedAt
        findings { label probability threshold positive } } } }`;

interface Load {
  readonly name: string;
  /** Requests of one round. */
  readonly requests: number;
  readonly query: (index: number) => string;
}

const LOADS: readonly Load[] = [
  {
    name: '50-study query',
    requests: 32,
    query: () => `{ studies(first: 50) { edges { node { ${BELOW} } } pageInfo { hasNextPage endCursor } } }`,
  },
  {
    name: 'single-study query',
    requests: 320,
    query: (index) => `{ study(studyInstanceUid: "2.25.1${(index % STUDIES) + 1}") { ${BELOW} } }`,
  },
];

export const auditBench: Bench = async () => {
  await using folder = await temporaryFolder('bench-audit');
  await chmod(folder.path, 0o755);
  const { createApp } = await builtApp();
  const config = loadConfig({
    DATA_DIR: folder.path,
    PORT: '0',
    DIMSE_PORT: '0',
    ROLE: 'api',
    LOG_LEVEL: 'silent',
    RATE_LIMIT_REQUESTS_PER_MINUTE: '0',
    RATE_LIMIT_COST_PER_MINUTE: '0',
  });
  await using audited = await createApp(config, silentLog, { insecureNoAuth: true });
  await using silent = await createApp(config, silentLog, { insecureNoAuth: true, audit: false });
  await populate(audited.store, 0, STUDIES);
  const urls = { with: (await audited.start()).url, without: (await silent.start()).url };
  const figures: Record<string, number> = {};
  const goals = [];
  for (const load of LOADS) {
    const rates = { with: [] as number[], without: [] as number[] };
    for (let round = 0; round < WARM + ROUNDS; round += 1) {
      // Each comes first as often as the other: what one leaves to the collector or the disk, the next pays.
      const order = round % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const);
      for (const which of order) {
        const rate = await run(urls[which], load, round * load.requests);
        if (round >= WARM) rates[which].push(rate);
      }
    }
    const slowdown = median(rates.without.map((rate, round) => 100 * (1 - (rates.with[round] ?? Number.NaN) / rate)));
    figures[`${load.name}, with audit, a second`] = median(rates.with);
    figures[`${load.name}, without audit, a second`] = median(rates.without);
    goals.push(goal(`${load.name}: slower with audit, %`, slowdown, '<=', MOST_SLOWDOWN));
  }
  await using server = await startEmbeddedPostgres({ directory: config.database.embeddedDirectory });
  await fillChain(server.url);
  const memoryBefore = process.memoryUsage().rss;
  const verification = await verifyAudit({ url: server.url });
  if (verification.findings.length > 0) throw new Error(JSON.stringify(verification.findings));
  const seconds = verification.milliseconds / 1000;
  figures['verified rows'] = verification.rows;
  figures['verification, s'] = seconds;
  figures['verified rows a second'] = verification.rows / seconds;
  figures['memory grown by verification, MB'] = (process.memoryUsage().rss - memoryBefore) / 2 ** 20;
  return { figures, goals };
};

/** Requests a second. */
async function run(url: string, load: Load, first: number): Promise<number> {
  let next = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (next < load.requests) {
        const index = first + next;
        next += 1;
        await ask(url, load.query(index));
      }
    }),
  );
  return (load.requests * 1000) / (performance.now() - began);
}

async function ask(url: string, query: string): Promise<void> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const answer = (await response.json()) as { data?: { study?: object | null; studies?: object }; errors?: unknown };
  if (!answer.data?.study && !answer.data?.studies) throw new Error(JSON.stringify(answer));
}

/** Rows as a worklist's page leaves them: one patient with a study, a film, its reading and 14 findings. */
async function fillChain(url: string): Promise<void> {
  await using chain = new ChainWriter(url);
  const actor = {
    ...systemActor('query studies'),
    subject: 'oidc:https://issuer.example#user',
    sourceAddress: '192.0.2.1',
  };
  const one = () => [randomUUID()];
  for (let written = 0; written < CHAIN_ROWS; written += ROWS_A_WRITE) {
    const entries = Array.from({ length: ROWS_A_WRITE }, () => ({
      action: 'READ' as const,
      patientId: randomUUID(),
      studyIds: one(),
      instanceIds: one(),
      inferenceIds: one(),
      findingIds: Array.from({ length: 14 }, () => randomUUID()),
      modelVersionIds: one(),
    }));
    await chain.write(auditRows({ ...actor, requestId: randomUUID() }, entries, new Date()));
  }
}
