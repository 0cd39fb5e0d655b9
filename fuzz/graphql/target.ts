/**
 * Target: the running gateway's GraphQL over HTTP, on a real PostgreSQL, asked by several identities. Whatever is asked, no
 * answer is a 500 or INTERNAL, and an identity that is granted one assigning authority sees nothing of the other.
 */

import { readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buildSchema } from 'graphql';
import { builtApp } from '../../bench/support/built.ts';
import { temporaryFolder } from '../../bench/support/films.ts';
import { UNLIMITED } from '../../bench/support/unlimited.ts';
import type { App } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { silentLog } from '../../src/log.ts';
import { systemActor } from '../../src/store/audit/audit-entry.ts';
import type { AccessRole } from '../../src/store/generated/enums.ts';
import type { Target } from '../target.ts';
import { OperationGenerator } from './generate.ts';
import { FOREIGN_MARK, GRANTED, type SeededRecords, seedRecords } from './seed.ts';

/** The gateway with its threads and PostgreSQL's client; what a campaign may add to it. */
export const CAP_BYTES = 256 * 2 ** 20;

/**
 * After 1,500 cases 118 MiB more live than before, and after 3,000 no more: Apollo Server keeps parsed operations up to 30 MiB of
 * their JSON, which is that much heap.
 */
export const HEAP_MIB = 384;

/** The dearest operations that are let through have answers of 750 KB, and take 0.1 s on a machine that does nothing else. */
export const HANG_MS = 5000;

const ROOT = resolve(import.meta.dirname, '..', '..');

interface Asker {
  readonly name: string;
  readonly headers: Record<string, string>;
  readonly restricted: boolean;
  readonly excluded: ReadonlySet<string>;
}

/** Opening a record by break-glass rightly shows it, so those who may not see it must not open it here. */
const OPENING = new Set(['openBreakGlass']);

interface Request {
  readonly name: string;
  readonly roles: readonly AccessRole[];
  readonly issuers: readonly string[];
  readonly deidentifiedOnly?: boolean;
}

const IDENTITIES: readonly Request[] = [
  { name: 'administrator', roles: ['CLINICIAN', 'TECHNOLOGIST', 'INTEGRATION', 'ADMIN', 'AUDITOR'], issuers: ['*'] },
  { name: 'clinician of one', roles: ['CLINICIAN'], issuers: [GRANTED] },
  { name: 'technologist of one', roles: ['TECHNOLOGIST', 'INTEGRATION'], issuers: [GRANTED] },
  { name: 'nobody', roles: ['CLINICIAN', 'INTEGRATION'], issuers: [] },
  { name: 'research of one', roles: ['CLINICIAN'], issuers: [GRANTED], deidentifiedOnly: true },
];

/** Starts the gateway. */
export async function prepare(): Promise<Target> {
  const folder = await temporaryFolder('fuzz-graphql');
  await chmod(folder.path, 0o755); // as root PostgreSQL runs as another account, which must be able to enter
  const { createApp } = await builtApp();
  const settings = {
    ...UNLIMITED,
    DATA_DIR: folder.path,
    PORT: '0',
    DIMSE_ENABLED: 'off',
    ROLE: 'api',
    LOG_LEVEL: 'silent',
  };
  const app = await createApp(loadConfig(settings), silentLog, { insecureNoAuth: true });
  const { url } = await app.start();
  const records = await seedRecords(app.store);
  const askers = await Promise.all(IDENTITIES.map((request) => asker(app, request)));
  const [, clinician = askers[0] as Asker] = askers;
  const schema = buildSchema(readFileSync(resolve(ROOT, 'schema.graphql'), 'utf8'));
  const generator = new OperationGenerator(schema, records.pool);
  return {
    run: async (random) => {
      const who = random.chance(0.5) ? clinician : random.pick(askers);
      const operation = generator.make(random, who.excluded);
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...who.headers },
        body: JSON.stringify(operation),
      });
      const text = await response.text();
      check(who, records, response.status, text, () => `${who.name}: ${JSON.stringify(operation)}`);
      return outcomeOf(text);
    },
    close: async () => {
      await app[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function asker({ store }: App, { name, roles, issuers, deidentifiedOnly = false }: Request): Promise<Asker> {
  const built = (await import(
    resolve(ROOT, 'dist', 'access', 'api-keys.js')
  )) as typeof import('../../src/access/api-keys.ts');
  const request = { name, roles, issuers, studies: [], deidentifiedOnly, expiresInDays: 1 };
  const { secret } = await built.createApiKey(store.apiKeys, request, built.OPERATOR, systemActor('fuzz'));
  const restricted = !issuers.includes('*');
  return {
    name,
    headers: { authorization: `Bearer ${secret}` },
    restricted,
    excluded: restricted ? OPENING : new Set(),
  };
}

function check(
  { restricted }: Asker,
  { foreign }: SeededRecords,
  status: number,
  text: string,
  what: () => string,
): void {
  const short = text.slice(0, 2000);
  if (status >= 500 || text.includes('"INTERNAL"')) throw new Error(`${status} ${short}\n  asked by ${what()}`);
  const { data } = JSON.parse(text) as { data?: unknown };
  if (!restricted) return;
  const shown = JSON.stringify(data ?? null);
  const leaked = text.includes(FOREIGN_MARK) ? FOREIGN_MARK : foreign.find((id) => shown.includes(id));
  if (leaked !== undefined) throw new Error(`Shows ${leaked}: ${short}\n  asked by ${what()}`);
}

function outcomeOf(text: string): string {
  const { data, errors } = JSON.parse(text) as { data?: unknown; errors?: { extensions?: { code?: string } }[] };
  const code = errors?.[0]?.extensions?.code;
  return code === undefined ? 'DATA' : `${data === undefined || data === null ? '' : 'DATA, '}${code}`;
}
