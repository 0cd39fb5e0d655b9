/** Gathers a report through the reads that its reader's scope restricts, one after the other: a report is in no hurry. */
import { GatewayError } from '../errors.ts';
import { GATEWAY_VERSION } from '../gateway-version.ts';
import { cardOf } from '../inference/model-card/model-card.ts';
import type { DriftAlertStore } from '../store/drift-alerts.ts';
import { modelComparison } from '../store/reads/comparison.ts';
import { driftByDay, referenceOfManifest } from '../store/reads/drift.ts';
import { modelPerformance, type PerformanceGrouping } from '../store/reads/performance.ts';
import type { Reader } from '../store/reads/scope.ts';
import type { ModelVersionRow } from '../store/reads/tables.ts';
import {
  lastActiveBesides,
  modelVersionById,
  newestThresholdSets,
  newestTransitions,
  openRequests,
  registrarOf,
  versionsInUse,
} from '../store/reads/version-history.ts';
import { manifestParts } from './manifest-parts.ts';
import type { Bounded, ComparedAs, ComparedVersions, Making, ReportData } from './report-data.ts';

/** Where a report comes from. */
export interface ReportSources {
  readonly reader: Reader;
  readonly driftAlerts: Pick<DriftAlertStore, 'ofVersion'>;
  /** By which rule alerts are raised. */
  readonly drift: { readonly psi: number; readonly minimumFilms: number };
}

/** Most rows of each list: with reasons of 2,000 characters each a report stays below 2 MB. */
const MOST_TRANSITIONS = 100;
const MOST_THRESHOLD_SETS = 30;
const MOST_REQUESTS = 20;
const MOST_ALERTS = 200;

/** @throws GatewayError NOT_FOUND for an unknown version, BAD_REQUEST for a period that is too long */
export async function gatherReport(
  { reader, driftAlerts, drift }: ReportSources,
  id: string,
  making: Omit<Making, 'gatewayVersion'>,
): Promise<ReportData> {
  const { period } = making;
  const row = await modelVersionById(reader, id);
  if (row === null) throw new GatewayError('NOT_FOUND', 'There is no such model version.');
  const { manifest, metrics, ...version } = row;
  const reference = referenceOfManifest(manifest);
  const performanceBy = (groupBy: PerformanceGrouping) =>
    modelPerformance(reader, { modelVersionId: id, period, groupBy });
  return {
    making: { ...making, gatewayVersion: GATEWAY_VERSION },
    version,
    registeredBy: await registrarOf(reader, id),
    manifest: manifestParts(manifest, metrics, version),
    card: cardOf(manifest),
    transitions: bounded(await newestTransitions(reader, id, MOST_TRANSITIONS + 1), MOST_TRANSITIONS),
    openRequests: await openRequests(reader, id, MOST_REQUESTS),
    thresholdSets: bounded(await newestThresholdSets(reader, id, MOST_THRESHOLD_SETS + 1), MOST_THRESHOLD_SETS),
    drift: {
      reference,
      days: await driftByDay(reader, id, reference, period),
      alerts: (await driftAlerts.ofVersion(id, period.from, period.until)).slice(0, MOST_ALERTS),
      threshold: drift.psi,
      minimumFilms: drift.minimumFilms,
    },
    comparisons: await comparisons(reader, row, making),
    performance: {
      NONE: await performanceBy('NONE'),
      SITE: await performanceBy('SITE'),
      VIEW: await performanceBy('VIEW'),
      SEX: await performanceBy('SEX'),
      AGE_BAND: await performanceBy('AGE_BAND'),
    },
  };
}

/** @param rows - newest first, one more than are kept when there are more */
function bounded<Row>(rows: readonly Row[], most: number): Bounded<Row> {
  return { rows: rows.slice(0, most), more: rows.length > most };
}

/**
 * A version beside the active one; the active one beside its canary and shadows, and beside the one that was active before it.
 * The period is about the films of the version that was in use first, so that one is a.
 */
async function comparisons(
  reader: Reader,
  version: ModelVersionRow,
  { period }: Pick<Making, 'period'>,
): Promise<ComparedVersions[]> {
  const others = (await versionsInUse(reader)).filter(({ id }) => id !== version.id);
  const pairs: [ComparedAs, ModelVersionRow, ModelVersionRow][] = [];
  if (version.state === 'ACTIVE') {
    const before = await lastActiveBesides(reader, version.id);
    if (before !== null) pairs.push(['ACTIVE_BEFORE', before, version]);
    for (const other of others) {
      if (other.id !== before?.id) pairs.push([other.state === 'CANARY' ? 'CANARY' : 'SHADOW', version, other]);
    }
  } else {
    const active = others.find(({ state }) => state === 'ACTIVE');
    if (active !== undefined) pairs.push(['ACTIVE', active, version]);
  }
  const found: ComparedVersions[] = [];
  for (const [as, a, b] of pairs) {
    const comparison = await modelComparison(reader, { a: a.id, b: b.id, period });
    found.push({ as, a: nameOf(a), b: nameOf(b), comparison });
  }
  return found;
}

const nameOf = ({ name, version }: ModelVersionRow) => ({ name, version });
