/** What a report is made of: figures of many patients, and who did what to a model version. Nothing in it names a patient. */
import type { ModelCard } from '../inference/model-card/model-card.ts';
import type { Comparison } from '../store/reads/comparison.ts';
import type { DriftDay, DriftReference } from '../store/reads/drift.ts';
import type { Performance, PerformanceGrouping } from '../store/reads/performance.ts';
import type {
  ModelTransitionRequestRow,
  ModelTransitionRow,
  ModelVersionRow,
  ThresholdSetRow,
} from '../store/reads/tables.ts';
import type { ManifestParts } from './manifest-parts.ts';

/** The time that figures are of: from inclusive, until exclusive. */
export interface ReportPeriod {
  readonly from: Date;
  readonly until: Date;
}

/** How and for whom the report was made. */
export interface Making {
  readonly at: Date;
  /** Name and subject of who asked. */
  readonly by: string;
  /** Names the request in the audit. */
  readonly requestId: string;
  readonly gatewayVersion: string;
  readonly period: ReportPeriod;
  /** Whose patients the figures are of. */
  readonly restriction: Restriction;
}

/** What who asked may see. */
export interface Restriction {
  readonly issuers: 'ALL' | readonly string[];
  /** Number of studies granted besides. */
  readonly studies: number;
}

/** Rows of a list that may be longer. */
export interface Bounded<Row> {
  readonly rows: readonly Row[];
  /** There are more. */
  readonly more: boolean;
}

/** Why another version stands beside this one. */
export type ComparedAs = 'ACTIVE' | 'CANARY' | 'SHADOW' | 'ACTIVE_BEFORE';

/** Two versions over the same films, the one that was in use first. */
export interface ComparedVersions {
  readonly as: ComparedAs;
  readonly a: VersionName;
  readonly b: VersionName;
  readonly comparison: Comparison;
}

/** A version as people name it. */
export type VersionName = Pick<ModelVersionRow, 'name' | 'version'>;

/** An alert of drift. */
export interface AlertLine {
  readonly day: Date;
  readonly measure: string;
  readonly films: number;
  readonly psi: number;
  readonly ksStatistic: number;
  readonly ksPValue: number;
}

/** Drift of the period, and by which rule alerts are raised. */
export interface DriftPart {
  readonly reference: Pick<DriftReference, 'dataSet' | 'films'> | null;
  readonly days: readonly DriftDay[];
  readonly alerts: readonly AlertLine[];
  /** Population stability index above which a measure is an alert. */
  readonly threshold: number;
  /** Films that an alert needs. */
  readonly minimumFilms: number;
}

/** Everything that a report says. */
export interface ReportData {
  readonly making: Making;
  readonly version: Omit<ModelVersionRow, 'manifest' | 'metrics'>;
  /** Null: not recorded. */
  readonly registeredBy: { readonly createdBy: string; readonly createdByName: string | null } | null;
  readonly manifest: ManifestParts;
  readonly card: ModelCard;
  /** Newest first. */
  readonly transitions: Bounded<ModelTransitionRow>;
  readonly openRequests: readonly ModelTransitionRequestRow[];
  /** Newest first. */
  readonly thresholdSets: Bounded<ThresholdSetRow>;
  readonly comparisons: readonly ComparedVersions[];
  readonly performance: Readonly<Record<PerformanceGrouping, Performance>>;
  readonly drift: DriftPart;
}
