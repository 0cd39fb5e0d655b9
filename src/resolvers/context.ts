/** What a resolver gets besides its arguments. */
import { actorOf, type Caller } from '../access/caller.ts';
import type { ChangeFeed } from '../changes.ts';
import type { Ingest } from '../ingest.ts';
import type { DicomNodes } from '../nodes/dicom-nodes.ts';
import type { AuditActor } from '../store/audit/audit-entry.ts';
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
  /** Who asks. */
  readonly caller: Caller;
  /** What is asked, as the audit names it: `mutation requestInference`. Set once the operation is known. */
  operation: string;
  readonly requestId: string;
}

/** Makes the context of one operation; a subscription is one operation. */
export function createContext(services: GatewayServices, caller: Caller): GatewayContext {
  const loaders = createLoaders(services.store.prisma);
  return { services, loaders, caller, operation: 'operation', requestId: caller.requestId };
}

/** Who acts, for what the operation writes. */
export function actorIn({ caller, operation }: GatewayContext): AuditActor {
  return actorOf(caller, operation);
}

/** Forgets what was loaded before a write. */
export function renewLoaders(context: GatewayContext): void {
  context.loaders = createLoaders(context.services.store.prisma);
}
