/** The parts of a stored manifest that a report shows. What a manifest of an older form lacks is shown as lacking. */
import { z } from 'zod';

const engineSchema = z.object({
  file: z.string(),
  sha256: z.string(),
  precision: z.string(),
  weightBits: z.number().optional(),
});

const interval = z.tuple([z.number(), z.number()]);

const metricSchema = z.object({
  measure: z.string(),
  mean: z.number(),
  dataSet: z.string().optional(),
  films: z.number().optional(),
  measuredThrough: z.string().optional(),
  precision: z.string().optional(),
  sha256: z.string().optional(),
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
  description: z.string().nullable().catch(null),
  labels: z.array(z.object({ name: z.string() })).catch([]),
  input: z.object({ height: z.number(), width: z.number(), channels: z.number() }).nullable().catch(null),
  preprocessing: z.object({ version: z.string(), grayscaleRule: z.string() }).nullable().catch(null),
  alternatives: z.array(engineSchema).catch([]),
  thresholdsOrigin: z
    .object({
      method: z.string(),
      dataSet: z.string(),
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
  readonly labels: readonly string[];
  /** The version's own file, which its digest is of, then its alternatives. */
  readonly engines: readonly Engine[];
  readonly metrics: readonly Metric[];
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
    labels: labels.map(({ name }) => name),
    engines: [own.success ? own.data : { file: 'not named', sha256: digest, precision }, ...alternatives],
    metrics: entries.flatMap((entry) => metricSchema.safeParse(entry).data ?? []),
  };
}
