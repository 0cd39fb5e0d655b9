/** What a resolver gets besides its arguments. */
import { actorOf, type Caller } from '../access/caller.ts';
import { Disclosures } from '../access/disclosures.ts';
import type { Pseudonyms } from '../access/pseudonyms.ts';
import { scopeOf } from '../access/scope-of.ts';
import type { ChangeFeed } from '../changes.ts';
import type { Ingest } from '../ingest.ts';
import type { DicomNodes } from '../nodes/dicom-nodes.ts';
import type { AuditActor } from '../store/audit/audit-entry.ts';
import type { Reader } from '../store/reads/scope.ts';
import type { Store } from '../store/store.ts';
import { createLoaders, type Loaders } from './loaders.ts';

/** What the API calls. */
export interface GatewayServices {
  readonly store: Store;
  readonly ingest: Ingest;
  readonly nodes: DicomNodes;
  readonly pseudonyms: Pseudonyms;
  readonly changes: Pick<ChangeFeed, 'subscribe' | 'page' | 'currentCursor'>;
}

/** One operation's context. */
export interface GatewayContext {
  readonly services: GatewayServices;
  /** The way into the store's reads; sees what the caller may see. */
  readonly reader: Reader;
  /** Replaced after each write and for each event of a subscription, because loaders remember what they loaded. */
  loaders: Loaders;
  /** Who asks. */
  readonly caller: Caller;
  /** What is asked, as the audit names it: `mutation requestInference`. Set once the operation is known. */
  operation: string;
  /** What the answer, or the event, has shown so far; absent where nothing is recorded. */
  disclosures: Disclosures | undefined;
  readonly requestId: string;
}

/** Makes the context of one operation; a subscription is one operation. */
export function createContext(services: GatewayServices, caller: Caller): GatewayContext {
  const reader = services.store.reads(scopeOf(caller.identity));
  return {
    services,
    reader,
    loaders: createLoaders(reader),
    caller,
    operation: 'operation',
    disclosures: services.store.audit.enabled ? new Disclosures() : undefined,
    requestId: caller.requestId,
  };
}

/** Who acts, for what the operation writes. */
export function actorIn({ caller, operation }: GatewayContext): AuditActor {
  return actorOf(caller, operation);
}

/** Forgets what was loaded before a write. */
export function renewLoaders(context: GatewayContext): void {
  context.loaders = createLoaders(context.reader);
}
