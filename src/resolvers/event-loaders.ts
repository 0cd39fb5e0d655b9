/**
 * Loaders by change: all subscriptions of a process that deliver the same change load its rows through the same loaders,
 * so an event costs its statements once a process, not once a subscriber.
 */
import type { ChangeEvent } from '../changes.ts';
import type { Store } from '../store/store.ts';
import { createLoaders, type Loaders } from './loaders.ts';

/** Changes whose loaders are kept: subscribers at the live end are this close together. About 10 kB each. */
const KEPT = 256;

/** By store, so the loaders end with it. */
const loadersByStore = new WeakMap<Store, Map<string, Loaders>>();

/** The loaders of one change. */
export function eventLoaders(store: Store, event: Pick<ChangeEvent, 'cursor'>): Loaders {
  const recent = loadersByStore.get(store) ?? new Map<string, Loaders>();
  loadersByStore.set(store, recent);
  const loaders = recent.get(event.cursor) ?? createLoaders(store.prisma);
  // Set again, so that the map's order is that of use.
  recent.delete(event.cursor);
  recent.set(event.cursor, loaders);
  const [oldest] = recent.keys();
  if (recent.size > KEPT && oldest !== undefined) recent.delete(oldest);
  return loaders;
}
