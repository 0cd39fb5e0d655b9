/**
 * The query of a worklist page: 50 studies with patient, series, instances, inferences and findings, over HTTP, in databases
 * of 1,000, 10,000 and 100,000 studies; milliseconds and SQL statements.
 */
import { chmod } from 'node:fs/promises';
import { loadConfig } from '../src/config.ts';
import { silentLog } from '../src/log.ts';
import { builtApp } from './support/built.ts';
import { temporaryFolder } from './support/films.ts';
import { populate } from './support/populate.ts';
import { type Bench, goal, median, quantile } from './support/report.ts';
import { UNLIMITED } from './support/unlimited.ts';

const SIZES = [1000, 10_000, 100_000];
const ROUNDS = 60;
const WARM = 15;

/** A page of a worklist with everything below it. */
export const QUERY = `{ studies(first: 50) { edges { node {
  studyInstanceUid accessionNumber studyDate description
  patient { mrn issuer name birthDate sex }
  series { seriesInstanceUid modality bodyPart viewPosition
    instances { sopInstanceUid sopClassUid rows columns eligibility
      inferences { state attempts queuedAt completedAt
        findings { label probability threshold positive } } } }
} } pageInfo { hasNextPage endCursor } } }`;

export const apiBench: Bench = async () => {
  await using folder = await temporaryFolder('bench-api');
  await chmod(folder.path, 0o755);
  let statements = 0;
  const { createApp } = await builtApp();
  const config = loadConfig({
    ...UNLIMITED,
    DATA_DIR: folder.path,
    PORT: '0',
    DIMSE_PORT: '0',
    ROLE: 'api',
    LOG_LEVEL: 'silent',
  });
  await using app = await createApp(config, silentLog, {
    insecureNoAuth: true,
    onStatement: (sql) => {
      if (/^\s*(SELECT|WITH)/i.test(sql)) statements += 1;
    },
  });
  const { url } = await app.start();
  const figures: Record<string, number> = {};
  const medians: number[] = [];
  let stored = 0;
  for (const size of SIZES) {
    await populate(app.store, stored, size);
    stored = size;
    const times: number[] = [];
    for (let round = 0; round < WARM + ROUNDS; round += 1) {
      statements = 0;
      const began = performance.now();
      const edges = await ask(url);
      if (round >= WARM) times.push(performance.now() - began);
      if (edges !== 50) throw new Error(`the page has ${edges} studies`);
    }
    medians.push(median(times));
    figures[`${size} studies p50, ms`] = median(times);
    figures[`${size} studies p95, ms`] = quantile(times, 0.95);
    figures[`${size} studies, SQL statements`] = statements;
  }
  const [smallest = Number.NaN, , largest = Number.NaN] = medians;
  return {
    figures,
    goals: [
      goal('SQL statements of the 50-study query', statements, '<=', 7),
      goal('100,000 studies / 1,000 studies, p50', largest / smallest, '<=', 1.5),
    ],
  };
};

async function ask(url: string): Promise<number> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: QUERY }),
  });
  const answer = (await response.json()) as { data?: { studies: { edges: unknown[] } }; errors?: unknown };
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.errors));
  return answer.data.studies.edges.length;
}
