/** The parts of a stored manifest that a report shows. What a manifest of an older form lacks is shown as lacking. */
import { z } from 'zod';
import { cut } from './format.ts';

/** Labels of each list: a manifest has up to 1,000, and names of any others in its metrics. */
export const MOST_LISTED_LABELS = 100;

const MOST_METRICS = 10;
const MOST_ALTERNATIVES = 16;

/** Longest of texts that a manifest may have in any length. */
const LONGEST_DESCRIPTION = 4000;
const LONGEST_STATEMENT = 1000;
const LONGEST_NAME = 200;

const textOf = (most: number) => z.string().transform((text) => cut(text, most));
const name = textOf(LONGEST_NAME);
const statement = textOf(LONGEST_STATEMENT);

const engineSchema = z.object({
  file: name,
  sha256: name,
  precision: name,
  weightBits: z.number().optional(),
});

const interval = z.tuple([z.number(), z.number()]);

const metricSchema = z.object({
  measure: name,
  mean: z.number(),
  dataSet: statement.optional(),
  films: z.number().optional(),
  measuredThrough: statement.optional(),
  precision: name.optional(),
  sha256: name.optional(),
  perLabel: z.record(z.string(), z.number()).optional().catch(undefined),
  intervals: z
    .object({ mean: interval.nullable(), perLabel: z.record(z.string(), interval) })
    .optional()
    .catch(undefined),
  calibrationError: z.record(z.string(), z.number()).optional().catch(undefined),
});

const operatingPointSchema = z.object({
  positives: z.number(),
  sensitivity: z.number().nullable(),
  specificity: z.number(),
});

const manifestSchema = z.object({
  description: textOf(LONGEST_DESCRIPTION).nullable().catch(null),
  labels: z.array(z.object({ name: z.string() })).catch([]),
  input: z.object({ height: z.number(), width: z.number(), channels: z.number() }).nullable().catch(null),
  preprocessing: z.object({ version: name, grayscaleRule: name }).nullable().catch(null),
  alternatives: z.array(engineSchema).catch([]),
  thresholdsOrigin: z
    .object({
      method: statement,
      dataSet: statement,
      films: z.number(),
      operatingPoints: z.record(z.string(), operatingPointSchema),
    })
    .nullable()
    .catch(null),
});

/** One evaluation. */
export type Metric = z.infer<typeof metricSchema>;

/** One file that can run. */
export type Engine = z.infer<typeof engineSchema>;

/** What a report shows of a manifest. */
export interface ManifestParts extends Omit<z.infer<typeof manifestSchema>, 'alternatives' | 'labels'> {
  /** The first {@link MOST_LISTED_LABELS}. */
  readonly labels: readonly string[];
  /** All of them. */
  readonly labelCount: number;
  /** The version's own file, which its digest is of, then its alternatives. */
  readonly engines: readonly Engine[];
  /** The first {@link MOST_METRICS}. */
  readonly metrics: readonly Metric[];
  readonly moreMetrics: boolean;
}

/**
 * @param manifest - as registered
 * @param metrics - as registered with it
 * @param digest - of the version, for manifests that do not name their file
 */
export function manifestParts(
  manifest: unknown,
  metrics: unknown,
  { digest, precision }: { readonly digest: string; readonly precision: string },
): ManifestParts {
  const { alternatives, labels, ...parts } = manifestSchema.parse(manifest ?? {});
  const own = engineSchema.safeParse(manifest);
  const entries = Array.isArray(metrics) ? (metrics as unknown[]) : [];
  return {
    ...parts,
    labels: labels.slice(0, MOST_LISTED_LABELS).map((label) => label.name),
    labelCount: labels.length,
    engines: [
      own.success ? own.data : { file: 'not named', sha256: digest, precision },
      ...alternatives.slice(0, MOST_ALTERNATIVES),
    ],
    metrics: entries.slice(0, MOST_METRICS).flatMap((entry) => metricSchema.safeParse(entry).data ?? []),
    moreMetrics: entries.length > MOST_METRICS,
  };
}
