/** The API without HTTP: graphql's own execution on a real store and a real change feed. */
import { type ExecutionResult, execute, type GraphQLSchema, parse, subscribe, validate } from 'graphql';
import { anonymousCaller, type Caller } from '../../src/access/caller.ts';
import { ANONYMOUS, type Identity } from '../../src/access/identity.ts';
import { ChangeFeed } from '../../src/changes.ts';
import { codesOfLabel } from '../../src/inference/finding-codes.ts';
import { cardOf } from '../../src/inference/model-card/model-card.ts';
import type { Ingest } from '../../src/ingest.ts';
import { silentLog } from '../../src/log.ts';
import { ModelReports } from '../../src/report/model-reports.ts';
import { buildGatewaySchema } from '../../src/resolvers/build-schema.ts';
import { createContext, type GatewayServices } from '../../src/resolvers/context.ts';
import { formatError } from '../../src/resolvers/format-error.ts';
import type { Store } from '../../src/store/store.ts';
import type { Approvals } from '../../src/store/transition-requests.ts';
import { noNodes } from '../support/nodes.ts';
import { testPseudonyms } from '../support/pseudonyms.ts';
import { openTestStore } from '../support/store.ts';

/** An answer as a client would see it. */
export interface Answer<T> {
  readonly data: T | null | undefined;
  readonly errors: readonly { readonly message: string; readonly code: unknown; readonly path?: unknown }[];
}

/** Events of a subscription; `return()` ends it. */
export interface Events<T> {
  next(): Promise<Answer<T>>;
  return(): Promise<void>;
}

/** The API as somebody calls it. */
export interface TestClient {
  /** Runs a query or mutation. */
  run<T>(source: string, variables?: Record<string, unknown>): Promise<Answer<T>>;
  /** Runs a query or mutation that must not fail. */
  data<T>(source: string, variables?: Record<string, unknown>): Promise<T>;
  /** Subscribes; rejects when the subscription itself is refused. */
  listen<T>(source: string, variables?: Record<string, unknown>): Promise<Events<T>>;
}

/** The API on a fresh database, as somebody who may do everything calls it. */
export interface TestApi extends AsyncDisposable, TestClient {
  readonly store: Store;
  readonly feed: ChangeFeed;
  readonly schema: GraphQLSchema;
  /** SQL statements since it was last emptied, but for those of transactions and of the feed. */
  readonly statements: string[];
  /** As somebody else calls it; what is not given is as of one who may do everything. */
  as(identity: Partial<Identity>): TestClient;
}

/** Takes nothing in: for tests that are about something else. */
const closedDoor: Ingest = {
  accept: () => Promise.reject(new Error('this test takes no films in')),
};

const noFolders = async () => ({ done: [], refused: [] });

/** Transactions, and the feed's own look for changes. */
const NOT_COUNTED = /^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT)|assign_change_positions/i;

const TESTER: Identity = { ...ANONYMOUS, subject: 'dr-test', kind: 'PERSON' };

const LIMITS = { maxLag: 10_000, stallMs: 60_000, maxConnections: 10 };

/** What a test sets. */
export interface ApiOptions {
  /** People that a move into clinical use takes. */
  readonly approvals?: Approvals;
  /** What a model version lacks. */
  readonly verify?: (digest: string) => Promise<readonly string[]>;
  /** What registering folders does. */
  readonly register?: GatewayServices['models']['register'];
}

export async function openApi(
  makeIngest: (store: Store) => Ingest = () => closedDoor,
  { approvals = 'one', verify = async () => [], register = noFolders }: ApiOptions = {},
): Promise<TestApi> {
  const statements: string[] = [];
  const opened = await openTestStore({
    approvals,
    onStatement: (sql) => {
      if (!NOT_COUNTED.test(sql)) statements.push(sql);
    },
  });
  const { store } = opened;
  const feed = new ChangeFeed({
    changes: store.changes,
    listener: store.listener,
    limits: LIMITS,
    retentionDays: 30,
    log: silentLog,
  });
  await feed.open();
  const services: GatewayServices = {
    store,
    ingest: makeIngest(store),
    changes: feed,
    nodes: noNodes(store),
    pseudonyms: testPseudonyms(),
    reports: new ModelReports({ store, drift: { psi: 0.25, minimumFilms: 100 } }),
    models: {
      verify,
      register,
      codesOfLabel,
      cardOf,
      chooseThresholds: async (_digest, rule) => {
        const target = rule.kind === 'youden' ? 0.5 : rule.target;
        return { thresholds: { Effusion: target }, dataSet: 'test films', films: 10 };
      },
    },
  };
  const schema = await buildGatewaySchema();
  const as = (identity: Partial<Identity>) =>
    clientOf(schema, services, { ...anonymousCaller('request-1'), identity: { ...TESTER, ...identity } });
  return {
    ...as({}),
    store,
    feed,
    schema,
    statements,
    as,
    [Symbol.asyncDispose]: async () => {
      await feed[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
    },
  };
}

function clientOf(schema: GraphQLSchema, services: GatewayServices, caller: Caller): TestClient {
  const operation = (source: string, variableValues: Record<string, unknown>) => {
    const document = parse(source);
    const errors = validate(schema, document);
    if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
    return { schema, document, variableValues, contextValue: createContext(services, caller) };
  };
  const run = async <T>(source: string, variables: Record<string, unknown> = {}) =>
    answerOf<T>(await execute(operation(source, variables)));
  return {
    run,
    data: async <T>(source: string, variables: Record<string, unknown> = {}) => {
      const answer = await run<T>(source, variables);
      if (!answer.data || answer.errors.length > 0) throw new Error(JSON.stringify(answer.errors));
      return answer.data;
    },
    listen: async <T>(source: string, variables: Record<string, unknown> = {}) => {
      const events = await subscribe(operation(source, variables));
      if (!(Symbol.asyncIterator in events)) throw new Error(JSON.stringify(answerOf(events).errors));
      return {
        next: async () => {
          const { value, done } = await events.next();
          if (done) throw new Error('the subscription ended');
          return answerOf<T>(value);
        },
        return: async () => {
          await events.return();
        },
      };
    },
  };
}

function answerOf<T>({ data, errors }: ExecutionResult): Answer<T> {
  const shown = (errors ?? []).map((error) => {
    const { message, path, extensions } = formatError(error, silentLog);
    return { message, code: extensions?.code, path };
  });
  return { data: data as T | null | undefined, errors: shown };
}
