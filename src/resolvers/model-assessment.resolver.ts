import { Arg, Authorized, Ctx, ID, Query, Resolver } from 'type-graphql';
import { ASSESSES_MODELS } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { ModelComparison } from '../schema/model-comparison.type.ts';
import { ModelPerformance, PerformanceGrouping } from '../schema/model-performance.type.ts';
import { DateTime } from '../schema/scalars.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { modelComparison } from '../store/reads/comparison.ts';
import { modelPerformance } from '../store/reads/performance.ts';
import type { GatewayContext } from './context.ts';
import { requireModelVersion } from './require-model-version.ts';

/** How model versions do: figures over films that the caller may see, without a patient's data. */
@Resolver()
export class ModelAssessmentResolver {
  @Authorized<AccessRole>(ASSESSES_MODELS)
  @Query(() => ModelPerformance, {
    description: 'How often a version was right, by the reviews of its findings. NOT_FOUND for an unknown version.',
  })
  async modelPerformance(
    @Arg('modelVersionId', () => ID, { description: 'Global id of the model version.' }) globalId: string,
    @Arg('since', () => DateTime, { nullable: true, description: 'Findings made from then on; default: all.' })
    since: Date | null,
    @Arg('until', () => DateTime, { nullable: true, description: 'Findings made before; default: up to now.' })
    until: Date | null,
    @Arg('groupBy', () => PerformanceGrouping, { defaultValue: 'NONE', description: 'How films are grouped.' })
    groupBy: keyof typeof PerformanceGrouping,
    @Ctx() context: GatewayContext,
  ): Promise<ModelPerformance> {
    const modelVersion = await requireModelVersion(globalId, context);
    const query = { modelVersionId: modelVersion.id, period: { from: since, until }, groupBy };
    return { modelVersion, ...(await modelPerformance(context.reader, query)) };
  }

  @Authorized<AccessRole>(ASSESSES_MODELS)
  @Query(() => ModelComparison, {
    description:
      'Two versions over the films that both have read: agreement, flips at the thresholds, scores, times. NOT_FOUND for an unknown version.',
  })
  async modelComparison(
    @Arg('a', () => ID, { description: 'Global id of a version, such as the active one.' }) globalA: string,
    @Arg('b', () => ID, { description: 'Global id of another, such as a candidate.' }) globalB: string,
    @Arg('since', () => DateTime, { nullable: true, description: 'Films that a was asked to read from then on.' })
    since: Date | null,
    @Arg('until', () => DateTime, { nullable: true, description: 'Films that a was asked to read before.' })
    until: Date | null,
    @Ctx() context: GatewayContext,
  ): Promise<ModelComparison> {
    const [a, b] = await Promise.all([requireModelVersion(globalA, context), requireModelVersion(globalB, context)]);
    if (a.id === b.id) throw new GatewayError('BAD_REQUEST', 'A version is compared with another one.');
    const query = { a: a.id, b: b.id, period: { from: since, until } };
    return { a, b, ...(await modelComparison(context.reader, query)) };
  }
}
