import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { READS_GOVERNANCE } from '../access/permissions.ts';
import { RereadJobState } from '../schema/enums.ts';
import { fromGlobalId, toGlobalId, toOptionalGlobalId } from '../schema/global-id.ts';
import { ModelVersion } from '../schema/model-version.type.ts';
import { PageArguments } from '../schema/page.input.ts';
import type { Connection } from '../schema/page.type.ts';
import { RereadJob, RereadJobConnection, RereadProgress, RereadSelection } from '../schema/reread-job.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { listRereadJobs } from '../store/reads/reread-jobs.ts';
import type { RereadJobRow } from '../store/reads/tables.ts';
import { rangeOf } from '../store/reread-selection.ts';
import { selectionOf } from '../store/reread-state.ts';
import { toConnection } from './connection.ts';
import type { GatewayContext } from './context.ts';
import { present } from './present.ts';

/** Jobs of re-readings. */
@Resolver(() => RereadJob)
export class RereadJobResolver {
  @Authorized<AccessRole>(READS_GOVERNANCE)
  @Query(() => RereadJob, { nullable: true, description: 'A job of re-readings by id; null when there is none.' })
  async rereadJob(
    @Arg('id', () => ID, { description: 'Global id.' }) id: string,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<RereadJob | null> {
    return loaders.rereadJobs.load(fromGlobalId('RereadJob', id));
  }

  @Authorized<AccessRole>(READS_GOVERNANCE)
  @Query(() => RereadJobConnection, { description: 'Jobs of re-readings, newest first, page by page.' })
  async rereadJobs(
    @Args(() => PageArguments) page: PageArguments,
    @Arg('states', () => [RereadJobState], { nullable: true, description: 'In one of these states; default: all.' })
    states: RereadJobState[] | null,
    @Ctx() { loaders, reader }: GatewayContext,
  ): Promise<Connection<RereadJob>> {
    return toConnection(await listRereadJobs(reader, { states }, 'DESC', page), loaders.rereadJobs);
  }

  @FieldResolver(() => ModelVersion, { description: 'The version that reads.' })
  async modelVersion(
    @Root() { modelVersionId }: RereadJobRow,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<ModelVersion> {
    return present(await loaders.modelVersions.load(modelVersionId));
  }

  @FieldResolver(() => RereadProgress, { description: 'How far it is.' })
  async progress(@Root() { id }: RereadJobRow, @Ctx() { loaders }: GatewayContext): Promise<RereadProgress> {
    return present(await loaders.rereadProgress.load(id));
  }

  @FieldResolver(() => RereadSelection, { description: 'Which films.' })
  selection(@Root() job: RereadJobRow): RereadSelection {
    const { all = false, study, filter = {} } = selectionOf(job);
    const { patientId = null, studyDate, createdAt, callingAeTitle = null, finding = null } = filter;
    return {
      all,
      studyInstanceUid: study?.studyInstanceUid ?? null,
      patientId: toOptionalGlobalId('Patient', patientId),
      studyDate: studyDate ? rangeOf(studyDate) : null,
      createdAt: createdAt ? rangeOf(createdAt) : null,
      callingAeTitle,
      finding:
        finding === null ? null : { ...finding, modelVersionId: toGlobalId('ModelVersion', finding.modelVersionId) },
    };
  }
}
