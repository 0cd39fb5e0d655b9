/** Waiting for what the change feed brings about, without sleeping. */
import { CHANNELS, type Listener } from '../../src/store/listener.ts';

/** The first state of things that will do; looked at anew after each change of the database. */
export async function until<T>(listener: Listener, look: () => Promise<T>, will: (found: T) => boolean): Promise<T> {
  let changed = Promise.withResolvers<void>();
  const stop = listener.on(CHANNELS.changes, () => changed.resolve());
  try {
    for (;;) {
      changed = Promise.withResolvers<void>();
      const found = await look();
      if (will(found)) return found;
      await changed.promise;
    }
  } finally {
    stop();
  }
}

/** A reading neither waits nor runs any more. */
export const hasEnded = ({ state }: { readonly state: string }): boolean => state !== 'QUEUED' && state !== 'RUNNING';

/** No reading waits or runs any more. */
export const allEnded = (readings: readonly { readonly state: string }[]): boolean => readings.every(hasEnded);
