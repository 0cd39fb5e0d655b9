/**
 * Loaders by change: all subscriptions of a process that deliver the same change to readers of the same scope load its rows
 * through the same loaders, so an event costs its statements once a process and scope, not once a subscriber.
 *
 * What a restricted reader may see can end at any moment (an opening expires or is ended), so its loaders are shared only
 * for {@link SHARED_MS}: whoever comes later asks the database again.
 */
import type { ChangeEvent } from '../changes.ts';
import { type Reader, scopeKey } from '../store/reads/scope.ts';
import { createLoaders, type Loaders } from './loaders.ts';

/** Pairs of change and scope whose loaders are kept: subscribers at the live end are this close together. About 10 kB each. */
const KEPT = 256;

/** Well within the second in which a lost access must show. */
const SHARED_MS = 250;

interface Shared {
  readonly loaders: Loaders;
  /** Of performance.now(). */
  readonly until: number;
}

/** By database, so the loaders end with it. */
const sharedByDatabase = new WeakMap<Reader['prisma'], Map<string, Shared>>();

/** The loaders of one change for one reader. */
export function eventLoaders(reader: Reader, event: Pick<ChangeEvent, 'cursor'>): Loaders {
  const recent = sharedByDatabase.get(reader.prisma) ?? new Map<string, Shared>();
  sharedByDatabase.set(reader.prisma, recent);
  const key = `${event.cursor} ${scopeKey(reader.scope)}`;
  const known = recent.get(key);
  const shared = known !== undefined && known.until > performance.now() ? known : share(reader);
  // Set again, so that the map's order is that of use.
  recent.delete(key);
  recent.set(key, shared);
  const [oldest] = recent.keys();
  if (recent.size > KEPT && oldest !== undefined) recent.delete(oldest);
  return shared.loaders;
}

function share(reader: Reader): Shared {
  const mayEnd = reader.scope.issuers !== 'ALL';
  return { loaders: createLoaders(reader), until: mayEnd ? performance.now() + SHARED_MS : Number.POSITIVE_INFINITY };
}
