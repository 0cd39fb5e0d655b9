/** An open store on a fresh database. */
import { inject } from 'vitest';
import { silentLog } from '../../src/log.ts';
import { openStore, type Store, type StoreOptions } from '../../src/store/store.ts';
import { createDatabase } from './postgres.ts';

/** A store and the URL of its database; both go on disposal. */
export interface TestStore extends AsyncDisposable {
  readonly url: string;
  readonly store: Store;
  /** A second store on the same database, as another process would have it. */
  another(): Promise<Store>;
}

export async function openTestStore(overrides: Partial<StoreOptions> = {}): Promise<TestStore> {
  const database = await createDatabase(inject('databaseUrl'));
  const options: StoreOptions = {
    url: database.url,
    poolSize: 5,
    maxAttempts: 3,
    retryDelaySeconds: 0,
    log: silentLog,
    ...overrides,
  };
  const stores: Store[] = [];
  const another = async () => {
    const store = await openStore(options);
    stores.push(store);
    return store;
  };
  return {
    url: database.url,
    store: await another(),
    another,
    [Symbol.asyncDispose]: async () => {
      for (const store of stores.reverse()) await store[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
