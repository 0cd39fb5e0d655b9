import { Arg, Authorized, Ctx, Int, Query, Resolver } from 'type-graphql';
import { READS_RECORDS } from '../access/permissions.ts';
import type { ChangeEvent } from '../changes.ts';
import { GatewayError } from '../errors.ts';
import { Change } from '../schema/change.type.ts';
import { toOptionalGlobalId } from '../schema/global-id.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { MAXIMUM_PAGE_SIZE } from '../store/reads/keyset.ts';
import type { GatewayContext } from './context.ts';

/** The change feed as a query. */
@Resolver()
export class ChangeResolver {
  @Authorized<AccessRole>(READS_RECORDS)
  @Query(() => [Change], {
    description:
      'Entries of the change feed after a cursor, in order, each exactly once. Empty when there is nothing new: ask again with the same cursor.',
  })
  async changes(
    @Arg('after', () => String, {
      nullable: true,
      description: 'Cursor of the last entry received; absent: from the oldest entry that is kept.',
    })
    after: string | null,
    @Arg('first', () => Int, { defaultValue: 50, description: 'Most entries: 1 to 200.' }) first: number,
    @Ctx() { services, reader }: GatewayContext,
  ): Promise<readonly Change[]> {
    if (first < 1 || first > MAXIMUM_PAGE_SIZE) {
      throw new GatewayError('BAD_REQUEST', `1 to ${MAXIMUM_PAGE_SIZE} changes can be asked for at once.`);
    }
    return (await services.changes.page(after ?? null, first, reader.scope)).map(toChange);
  }

  @Authorized<AccessRole>(READS_RECORDS)
  @Query(() => String, {
    description:
      'Cursor after everything that has been committed by now. Ask for it first, then read the state by queries, then subscribe after it: nothing is missed.',
  })
  async currentCursor(@Ctx() { services }: GatewayContext): Promise<string> {
    return services.changes.currentCursor();
  }
}

function toChange({ cursor, type, priority, createdAt, ...ids }: ChangeEvent): Change {
  return {
    cursor,
    type,
    priority,
    createdAt,
    patientId: toOptionalGlobalId('Patient', ids.patientId),
    studyId: toOptionalGlobalId('Study', ids.studyId),
    instanceId: toOptionalGlobalId('Instance', ids.instanceId),
    inferenceId: toOptionalGlobalId('Inference', ids.inferenceId),
    modelVersionId: toOptionalGlobalId('ModelVersion', ids.modelVersionId),
    breakGlassId: toOptionalGlobalId('BreakGlassOpening', ids.breakGlassId),
    rereadJobId: toOptionalGlobalId('RereadJob', ids.rereadJobId),
  };
}
