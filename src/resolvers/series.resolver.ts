import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Instance } from '../schema/instance.type.ts';
import { Series } from '../schema/series.type.ts';
import { Study } from '../schema/study.type.ts';
import type { SeriesRow } from '../store/reads/tables.ts';
import type { GatewayContext } from './context.ts';
import { present } from './present.ts';

/** Fields of series. */
@Resolver(() => Series)
export class SeriesResolver {
  @FieldResolver(() => Study, { description: 'The study it belongs to.' })
  async study(@Root() series: SeriesRow, @Ctx() { loaders }: GatewayContext): Promise<Study> {
    return present(await loaders.studies.load(series.studyId));
  }

  @FieldResolver(() => [Instance], { description: 'Its films in the order of arrival; 1,000 at most.' })
  async instances(@Root() { id }: SeriesRow, @Ctx() { loaders }: GatewayContext): Promise<readonly Instance[]> {
    return loaders.instancesOfSeries.load(id);
  }
}
