/** What a resolver gets besides its arguments. */
import type { ChangeFeed } from '../changes.ts';
import type { Ingest } from '../ingest.ts';
import type { DicomNodes } from '../nodes/dicom-nodes.ts';
import type { Store } from '../store/store.ts';
import { createLoaders, type Loaders } from './loaders.ts';

/** What the API calls. */
export interface GatewayServices {
  readonly store: Store;
  readonly ingest: Ingest;
  readonly nodes: DicomNodes;
  readonly changes: Pick<ChangeFeed, 'subscribe' | 'page' | 'currentCursor'>;
}

/** One operation's context. */
export interface GatewayContext {
  readonly services: GatewayServices;
  /** Replaced after each write and for each event of a subscription, because loaders remember what they loaded. */
  loaders: Loaders;
  /** Who asks; recorded with what they change. */
  readonly actor: string;
  readonly requestId: string;
}

/** Makes the context of one operation; a subscription is one operation. */
export function createContext(
  services: GatewayServices,
  who: { readonly actor: string; readonly requestId: string },
): GatewayContext {
  return { services, loaders: createLoaders(services.store.prisma), ...who };
}

/** Forgets what was loaded before a write. */
export function renewLoaders(context: GatewayContext): void {
  context.loaders = createLoaders(context.services.store.prisma);
}
