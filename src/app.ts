/**
 * The composition root: builds everything from the Config, in this order, and closes it in reverse. Each step is a file of
 * app/; nothing outside that folder constructs services.
 */
import { openAuditExport } from './app/audit-export.ts';
import { openAuthentication } from './app/authentication.ts';
import type { AppOptions, Building } from './app/building.ts';
import { openDatabase } from './app/database.ts';
import { openDimseDoor } from './app/dimse-door.ts';
import { openBlobs, openChanges, openIngest } from './app/films.ts';
import { openGovernance } from './app/governance.ts';
import { openHttpDoor } from './app/http-door.ts';
import { openInference, openPipeline } from './app/inference.ts';
import { modelKnowledge, openModels } from './app/models.ts';
import { type App, runningApp } from './app/running.ts';
import { openTransfers } from './app/transfers.ts';
import { createMetrics, createReadiness } from './app/watching.ts';
import type { Config } from './config.ts';
import { opening } from './disposables.ts';
import type { Log } from './log.ts';
import { readNodes } from './nodes/nodes-file.ts';

export type { AppOptions } from './app/building.ts';
export type { App } from './app/running.ts';

/**
 * Builds the gateway for its role. What was opened is closed again when a later step fails.
 *
 * @throws GatewayError CONFIG_INVALID, MODEL_INVALID, MODEL_DIGEST_MISMATCH, DATABASE_UNAVAILABLE
 */
export async function createApp(config: Config, log: Log, options: AppOptions = {}): Promise<App> {
  return opening(async (opened) => {
    const building: Building = { config, log, options, opened, readsFilms: config.role !== 'api' };
    const nodes = await readNodes(config.nodesFile);
    const store = await openDatabase(building);
    const authentication = await openAuthentication(building, store);
    const blobs = await openBlobs(building);
    const blobPath = (key: string) => blobs.path(key);
    const registering = await openModels(building, store);
    const inference = await openInference(building, registering);
    const { pool, served } = inference;
    const metrics = createMetrics({ store, pool, door: () => dimse?.door, auditExport: () => auditExport });
    const changes = await openChanges(building, store);
    const pipeline = openPipeline(building, { store, inference, changes, blobPath, metrics });
    const ingest = openIngest(building, { blobs, store, metrics });
    const { dicomNodes, runner: transfers } = openTransfers(building, { nodes, store, ingest, metrics, blobPath });
    const governance = openGovernance(building, store);
    const dimse = openDimseDoor(building, { nodes, store, blobs, ingest, metrics });
    const auditExport = openAuditExport(building, store);
    const readiness = createReadiness(building, { store, inference, door: dimse?.door, auditExport });
    const models = modelKnowledge(building, registering, served);
    const services = { store, ingest, changes, nodes: dicomNodes, models, reports: governance.reports };
    const http = await openHttpDoor(building, { services, authentication, pool, blobPath, metrics, readiness });
    return runningApp(building, { store, http, dimse, pipeline, transfers, governance, auditExport });
  });
}
