/** The composition root: builds everything from the Config and closes it in reverse. Nothing else constructs services. */
import { randomBytes } from 'node:crypto';
import { CredentialAuthenticator } from './access/credential-authenticator.ts';
import type { Identity } from './access/identity.ts';
import { LiveIdentities } from './access/live-identities.ts';
import type { LocalIssuer } from './access/local-issuer.ts';
import { ProviderKeys } from './access/provider-keys.ts';
import { MINIMUM_SECRET_BYTES, Pseudonyms } from './access/pseudonyms.ts';
import type { TrustedIssuer } from './access/token-identities.ts';
import { TokenVerifier } from './access/token-verifier.ts';
import { SyslogExport } from './audit-export/syslog-export.ts';
import { ChangeFeed } from './changes.ts';
import type { Config } from './config.ts';
import { DeidentifiedFilms } from './deidentified-films.ts';
import { Deidentifier } from './dicom/deidentify/deidentifier.ts';
import { FilmComparer } from './dicom/film-comparer.ts';
import { HeaderReader } from './dicom/header-reader.ts';
import { CommitmentReports } from './dimse/commitment-reports.ts';
import { CommitmentRequests } from './dimse/commitment-request.ts';
import { type DimseAddressInfo, DimseDoor } from './dimse/door.ts';
import { type Disposables, opening } from './disposables.ts';
import { DriftWatch } from './drift-watch.ts';
import { GatewayError, toGatewayError } from './errors.ts';
import { GATEWAY_VERSION } from './gateway-version.ts';
import type { Authentication } from './http/authentication.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import { FilmImages } from './images.ts';
import { EngineChoice } from './inference/engine-choice.ts';
import { chooseThresholds } from './inference/evaluate/choose-thresholds.ts';
import { codeOfLabel, codesOfLabel } from './inference/finding-codes.ts';
import { cardOf } from './inference/model-card/model-card.ts';
import { InferencePool } from './inference/pool.ts';
import { nameProcessor, thisProcessor } from './inference/processor.ts';
import { FilmIngest } from './ingest.ts';
import type { Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { ModelPackages } from './model-packages.ts';
import { registerFolders, setUpModels } from './models.ts';
import { DicomNodes } from './nodes/dicom-nodes.ts';
import { nodeClientOptions } from './nodes/node-clients.ts';
import { readNodes } from './nodes/nodes-file.ts';
import { performTransfer } from './nodes/perform-transfer.ts';
import { TransferRunner } from './nodes/transfer-runner.ts';
import { Pipeline } from './pipeline.ts';
import { Readiness } from './readiness.ts';
import { ModelReports } from './report/model-reports.ts';
import { RereadRunner } from './reread-runner.ts';
import { buildGatewaySchema } from './resolvers/build-schema.ts';
import { ServedModels } from './served-models.ts';
import { systemActor } from './store/audit/audit-entry.ts';
import { BlobStore } from './store/blobs.ts';
import { startEmbeddedPostgres } from './store/embedded-postgres.ts';
import { gatewaySecret } from './store/gateway-secrets.ts';
import { UNRESTRICTED } from './store/reads/scope.ts';
import { openStore, type Store } from './store/store.ts';

/** A built gateway; it listens and works once started. */
export interface App extends AsyncDisposable {
  readonly store: Store;
  /** Begins to claim jobs and to listen. */
  start(): Promise<{ readonly url: string; readonly dimse: DimseAddressInfo | undefined }>;
  /** Takes nothing new in and lets what is under way end, at most for SHUTDOWN_TIMEOUT_MS. */
  drain(): Promise<void>;
}

/** What only tests, benches and the demo set. */
export interface AppOptions {
  readonly onStatement?: (sql: string) => void;
  /** Worker module of the inference pool; for tests of crashes. */
  readonly workerFile?: URL;
  /** false records no reads, to measure what recording costs. */
  readonly audit?: boolean;
  /** Told what is being opened, for a progress display. */
  readonly onProgress?: (step: string) => void;
  /** Whoever shows no credential is let in, with every role (serve --insecure-no-auth). */
  readonly insecureNoAuth?: boolean;
  /** Tokens of this issuer are accepted too; for the demo. */
  readonly localIssuer?: LocalIssuer;
}

/** A header is parsed in a few milliseconds; a file that needs longer is not one. */
const HEADER_DEADLINE_MS = 10_000;

const NO_AUTHENTICATION = '--insecure-no-auth: whoever reaches this process may do everything';

const NO_IDENTITY_SOURCE =
  'Nobody could prove who they are: set OIDC_ISSUER, OIDC_AUDIENCE and OIDC_ROLE_MAP, or make an API key by ' +
  '`cxr-gateway api-key create`; only for trials: start with --insecure-no-auth.';

/** Of films that leave without their identity; started when one does. */
const DEIDENTIFYING_THREADS = 2;

/** A process without a pipeline renders pictures only. */
const RENDER_THREADS = 1;

/**
 * Builds the gateway for its role. What was opened is closed again when a later step fails.
 *
 * @throws GatewayError CONFIG_INVALID, MODEL_INVALID, MODEL_DIGEST_MISMATCH, DATABASE_UNAVAILABLE
 */
export async function createApp(config: Config, log: Log, options: AppOptions = {}): Promise<App> {
  return opening(async (opened) => {
    const progress = options.onProgress ?? (() => {});
    const nodes = await readNodes(config.nodesFile);
    const store = await openDatabase(config, log, options, opened, progress);
    const authentication = await setUpAuthentication(config, store, log, options, opened);
    const blobs = new BlobStore({
      directory: config.blobDirectory,
      maxFileBytes: config.film.maxFileBytes,
      minFreeDiskBytes: config.upload.minFreeDiskBytes,
    });
    await blobs.open();
    const blobPath = (key: string) => blobs.path(key);
    progress('models');
    const packages = new ModelPackages({ directory: config.modelsDirectory, log });
    const registering = { packages, modelVersions: store.modelVersions, log };
    await setUpModels({ ...registering, wanted: config.activeModel });
    const reads = config.role !== 'api';
    const pool = opened.use(
      new InferencePool({
        threads: reads ? config.inference.threads : RENDER_THREADS,
        intraOpThreads: config.inference.intraOpThreads,
        timeoutMs: config.inference.timeoutMs,
        ...(options.workerFile === undefined ? {} : { workerFile: options.workerFile }),
        onWorkerCrash: (cause) => log.error('pool.worker-crashed', {}, cause),
      }),
    );
    const processor = await thisProcessor();
    const choice = new EngineChoice({
      pool,
      processor,
      intraOpThreads: config.inference.intraOpThreads,
      precision: config.inference.precision,
      cacheFile: config.inference.engineCacheFile,
      log,
    });
    const served = new ServedModels({ packages, modelVersions: store.modelVersions, choice, pool, log });
    if (reads) {
      progress('inference threads');
      await served.prepare();
    }
    const metrics = new Metrics({
      queueDepth: () => store.queue.depth(),
      poolDepth: () => pool.statistics,
      associations: () => door?.associations ?? 0,
      auditExportLag: () => auditExport?.state().then(({ lag }) => lag),
    });
    const changes = opened.use(
      new ChangeFeed({
        changes: store.changes,
        listener: store.listener,
        limits: config.subscriptions,
        retentionDays: config.changes.retentionDays,
        log,
      }),
    );
    await changes.open();
    if (reads) opened.use(served).follow(changes);
    const pipeline = reads
      ? opened.use(
          new Pipeline({
            queue: store.queue,
            inferences: store.inferences,
            listener: store.listener,
            changes,
            pool,
            limits: config.film,
            gate: config.gate,
            maxAttempts: config.inference.maxAttempts,
            blobPath,
            modelReference: (digest) => served.reference(digest),
            codeOfLabel,
            host: { gatewayVersion: GATEWAY_VERSION, processor: nameProcessor(processor) },
            log,
            onOutcome: (state, timings) => metrics.inference(state, timings),
          }),
        )
      : undefined;
    const headers = opened.use(
      new HeaderReader({ threads: 1, deadlineMs: HEADER_DEADLINE_MS, limits: config.film, gate: config.gate }),
    );
    const ingest = new FilmIngest({
      blobs,
      headers,
      comparer: new FilmComparer(),
      instances: store.instances,
      maxConcurrent: config.upload.maxConcurrent,
      defaultIssuer: config.defaultPatientIdIssuer,
      log,
      onOutcome: (door, outcome, milliseconds) => metrics.film(door, outcome, milliseconds),
    });
    const clients = nodeClientOptions(config);
    const dicomNodes = new DicomNodes({
      nodes,
      clients,
      transfers: store.dicomTransfers,
      defaultIssuer: config.defaultPatientIdIssuer,
      queryTimeoutMs: config.transfers.queryTimeoutMs,
    });
    const services = { nodes, clients, ingest, transfers: store.dicomTransfers, blobPath };
    const transfers = reads
      ? opened.use(
          new TransferRunner({
            transfers: store.dicomTransfers,
            listener: store.listener,
            nodes: nodes.map(({ name }) => name),
            perform: (claimed, tally, signal) => performTransfer(claimed, services, tally, signal),
            ...config.transfers,
            log,
          }),
        )
      : undefined;
    const rereads = reads
      ? opened.use(new RereadRunner({ jobs: store.rereadJobs, listener: store.listener, log }))
      : undefined;
    const isDoor = config.dimse.enabled && config.role !== 'worker';
    const commitments = isDoor
      ? opened.use(
          new CommitmentReports({
            commitments: store.storageCommitments,
            blobs,
            nodes,
            identity: clients.identity,
            log,
          }),
        )
      : undefined;
    const door =
      commitments === undefined
        ? undefined
        : opened.use(
            new DimseDoor({
              config: config.dimse,
              maxFileBytes: config.film.maxFileBytes,
              nodes,
              ingest,
              commitments: new CommitmentRequests(store.storageCommitments, commitments, log),
              log,
              onAssociation: (outcome) => metrics.association(outcome),
            }),
          );
    const driftWatch = opened.use(
      new DriftWatch({ alerts: store.driftAlerts, reader: store.reads(UNRESTRICTED), ...config.drift, log }),
    );
    const { sourceId, syslog } = config.audit;
    const auditExport =
      syslog === undefined
        ? undefined
        : opened.use(
            new SyslogExport({
              exports: store.auditExports,
              collector: syslog,
              source: { id: sourceId, aeTitle: config.dimse.aeTitle },
              log,
            }),
          );
    const readiness = new Readiness({
      ...{ store, pool, door, auditExport },
      served: reads ? served : undefined,
      identity: describeIdentitySources(config, options),
    });
    const deidentifier = opened.use(new Deidentifier({ threads: DEIDENTIFYING_THREADS, limits: config.film }));
    const pseudonyms = await openPseudonyms(config, store);
    const http: HttpServer = opened.use(
      await createHttpServer({
        config,
        log,
        schema: await buildGatewaySchema(),
        services: {
          ...{ store, ingest, changes, nodes: dicomNodes, pseudonyms },
          reports: new ModelReports({ store, drift: config.drift }),
          models: {
            verify: (digest) => served.verify(digest, reads),
            register: (request) => registerFolders(request, registering),
            chooseThresholds: async (digest, rule) => chooseThresholds(await packages.packageOf(digest), rule),
            codesOfLabel,
            cardOf,
          },
        },
        authentication,
        images: new FilmImages({ store, pool, limits: config.film, blobPath }),
        deidentified: new DeidentifiedFilms({ store, pool, deidentifier, pseudonyms, limits: config.film, blobPath }),
        readiness: () => readiness.check(),
        metrics: () => metrics.text(),
      }),
    );
    return {
      store,
      start: async () => {
        await store.audit.record(systemActor('application start'), [
          { action: 'EXECUTE', details: { role: config.role } },
        ]);
        // The doors first: a transfer left over from before begins at once, and C-MOVE sends its films to our own door.
        const dimse = await door?.open();
        const listening = await http.listen();
        pipeline?.open();
        transfers?.open();
        rereads?.open();
        commitments?.open();
        driftWatch.open();
        await auditExport?.open();
        return { ...listening, dimse };
      },
      drain: async () => {
        pipeline?.pause();
        transfers?.pause();
        rereads?.pause();
        const drained = Promise.all([pipeline?.drained(), transfers?.drained()]);
        await Promise.all([
          http.drain(),
          door?.drain(config.shutdownTimeoutMs),
          withTimeout(drained, config.shutdownTimeoutMs),
        ]);
        await recordStop(store, config, log);
      },
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  });
}

/** @throws GatewayError CONFIG_INVALID when nobody could prove who they are */
async function setUpAuthentication(
  config: Config,
  store: Store,
  log: Log,
  { insecureNoAuth = false, localIssuer }: AppOptions,
  opened: Disposables,
): Promise<Authentication> {
  const { oidc, role } = config;
  if (insecureNoAuth) log.warn('gateway.insecure-no-auth', { reason: NO_AUTHENTICATION });
  const hasIssuer = oidc !== undefined || localIssuer !== undefined;
  if (role !== 'worker' && !insecureNoAuth && !hasIssuer && !(await store.apiKeys.anyAccepted())) {
    throw new GatewayError('CONFIG_INVALID', NO_IDENTITY_SOURCE);
  }
  const issuers: TrustedIssuer[] = localIssuer === undefined ? [] : [localIssuer.trusted];
  if (oidc !== undefined) {
    const keys = new ProviderKeys({ issuer: oidc.rules.issuer, jwksUri: oidc.jwksUri, log });
    issuers.push({ verifier: new TokenVerifier(oidc.rules, keys.find), claims: oidc.claims });
  }
  const sources = { keys: store.apiKeys, revocations: store.identityRevocations, listener: store.listener, log };
  const authenticator = opened.use(new CredentialAuthenticator({ ...sources, issuers, insecureNoAuth }));
  const clockSkewMs = (identity: Identity) => authenticator.clockSkewMs(identity);
  return { authenticator, watch: opened.use(new LiveIdentities({ ...sources, clockSkewMs })) };
}

/** For /readyz. */
function describeIdentitySources({ oidc }: Config, { insecureNoAuth, localIssuer }: AppOptions): string {
  if (insecureNoAuth === true) return NO_AUTHENTICATION;
  const issuers = [oidc?.rules.issuer, localIssuer?.trusted.verifier.rules.issuer].filter(
    (issuer) => issuer !== undefined,
  );
  return [...issuers.map((issuer) => `access tokens of ${issuer}`), 'API keys'].join(', ');
}

/** A stop that cannot be recorded is a stop all the same. */
async function recordStop({ audit }: Store, { role }: Config, log: Log): Promise<void> {
  try {
    await audit.record(systemActor('application stop'), [{ action: 'EXECUTE', details: { role } }]);
  } catch (error) {
    log.warn('audit.stop-unrecorded', { code: toGatewayError(error).code });
  }
}

async function openDatabase(
  config: Config,
  log: Log,
  options: AppOptions,
  opened: Disposables,
  progress: (step: string) => void,
): Promise<Store> {
  progress('database');
  let { url } = config.database;
  if (url === undefined) {
    const embedded = opened.use(await startEmbeddedPostgres({ directory: config.database.embeddedDirectory }));
    url = embedded.url;
  }
  return opened.use(
    await openStore({
      url,
      poolSize: config.database.poolSize,
      maxAttempts: config.inference.maxAttempts,
      retryDelaySeconds: config.inference.retryDelaySeconds,
      breakGlass: config.breakGlass,
      approvals: config.approvals,
      log,
      ...(options.onStatement === undefined ? {} : { onStatement: options.onStatement }),
      ...(options.audit === undefined ? {} : { audit: options.audit }),
    }),
  );
}

/** All processes of one database make the same pseudonyms, whether their secret is set or made by the first of them. */
async function openPseudonyms({ deidentificationKey }: Config, { prisma }: Store): Promise<Pseudonyms> {
  const secret =
    deidentificationKey ??
    (await gatewaySecret(prisma, 'pseudonyms', () => randomBytes(MINIMUM_SECRET_BYTES).toString('base64')));
  return new Pseudonyms(Buffer.from(secret, 'base64'));
}

async function withTimeout(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
