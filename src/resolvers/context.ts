/** What a resolver gets besides its arguments. */
import { actorOf, type Caller } from '../access/caller.ts';
import { Disclosures } from '../access/disclosures.ts';
import type { Pseudonyms } from '../access/pseudonyms.ts';
import { scopeOf } from '../access/scope-of.ts';
import type { ChangeFeed } from '../changes.ts';
import type { Ingest } from '../ingest.ts';
import type { DicomNodes } from '../nodes/dicom-nodes.ts';
import type { ModelReports } from '../report/model-reports.ts';
import type { ModelCard } from '../schema/model-card.type.ts';
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
  /** What is known of models beside their records. */
  readonly models: ModelKnowledge;
  readonly reports: Pick<ModelReports, 'plan' | 'make'>;
}

/** How thresholds are chosen from the evaluation of a model version. */
export type ThresholdRule = { readonly kind: 'youden' } | { readonly kind: 'sensitivity'; readonly target: number };

/** Thresholds that a rule chose. */
export interface ChosenThresholds {
  /** By label; labels of which the rule could choose none are absent. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** On which films. */
  readonly dataSet: string;
  readonly films: number;
}

/** Which model folders are to be registered. */
export interface FolderRequest {
  /** Name of one folder; null: all. */
  readonly folder: string | null;
  /** For the record. */
  readonly reason: string;
  readonly by: AuditActor;
}

/** What became of model folders. */
export interface FolderRegistrations {
  readonly done: readonly {
    /** Of the model version. */
    readonly id: string;
    readonly outcome: 'CREATED' | 'UPDATED' | 'KNOWN';
    /** Names of the parts of the manifest that were updated. */
    readonly changedParts: readonly string[];
  }[];
  readonly refused: readonly { readonly folder: string; readonly code: string; readonly message: string }[];
}

/** What lies outside the records. */
export interface ModelKnowledge {
  /**
   * Looks at the folder of a model version on this machine: hashes its files against its manifest, brings the record up to it, and
   * readies its engine.
   *
   * @param digest - of the model version
   * @param reason - for the record, where one was given
   * @returns what it lacks to be used, for people; empty: nothing
   * @throws GatewayError MODEL_UNAVAILABLE when the version is not on this machine, MODEL_DIGEST_MISMATCH, MODEL_INVALID
   */
  verify(digest: string, by: AuditActor, reason?: string): Promise<readonly string[]>;
  /**
   * Registers the folders of MODELS_DIR on this machine, and brings the records of those that are up to their manifests.
   *
   * @throws GatewayError NOT_FOUND when there is no folder of the name, MODEL_INVALID when MODELS_DIR cannot be read
   */
  register(request: FolderRequest): Promise<FolderRegistrations>;
  /**
   * Thresholds by a rule, from the evaluation in the folder of the model version.
   *
   * @param digest - of the model version
   * @throws GatewayError MODEL_UNAVAILABLE when the version is not on this machine, MODEL_INVALID when a usable evaluation is not,
   *   NOT_FOUND, BAD_REQUEST
   */
  chooseThresholds(digest: string, rule: ThresholdRule): Promise<ChosenThresholds>;
  /** Every verified concept of a label, the preferred one first. */
  codesOfLabel(label: string): readonly { readonly system: string; readonly code: string; readonly display: string }[];
  /**
   * What a model version states about itself.
   *
   * @param manifest - as registered
   */
  cardOf(manifest: unknown): ModelCard;
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
