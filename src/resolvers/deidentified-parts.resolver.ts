import { Authorized, Ctx, Extensions, FieldResolver, Resolver, Root } from 'type-graphql';
import { DEIDENTIFIED, READS_DEIDENTIFIED } from '../access/permissions.ts';
import {
  DeidentifiedFinding,
  DeidentifiedFindingModel,
  DeidentifiedInstance,
  DeidentifiedSeries,
  DeidentifiedStudy,
} from '../schema/deidentified.type.ts';
import { DicomUid } from '../schema/scalars.ts';
import { Study } from '../schema/study.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import type { StudyRow } from '../store/reads/tables.ts';
import type { GatewayContext } from './context.ts';
import { clinicalLoaders, deidentifiedInstance, deidentifiedStudy } from './deidentified-views.ts';

/** The way from a study to its de-identified view. */
@Resolver(() => Study)
export class DeidentifiedViewResolver {
  @Authorized<AccessRole>(READS_DEIDENTIFIED)
  @Extensions(DEIDENTIFIED)
  @FieldResolver(() => DeidentifiedStudy, {
    description:
      'The study without its identity, for those who pass it on: what stands beside it in the answer is not.',
  })
  deidentified(@Root() row: StudyRow, @Ctx() { services }: GatewayContext): DeidentifiedStudy {
    return deidentifiedStudy(row, services.pseudonyms);
  }
}

/** Fields of de-identified series. */
@Resolver(() => DeidentifiedSeries)
export class DeidentifiedSeriesResolver {
  @FieldResolver(() => [DeidentifiedInstance], { description: 'Its films; 1,000 at most.' })
  async instances(
    @Root() { row }: DeidentifiedSeries,
    @Ctx() context: GatewayContext,
  ): Promise<readonly DeidentifiedInstance[]> {
    const rows = await clinicalLoaders(context).instancesOfSeries.load(row.id);
    return rows.map((each) => deidentifiedInstance(each, context.services.pseudonyms));
  }
}

/** Fields of de-identified findings. */
@Resolver(() => DeidentifiedFinding)
export class DeidentifiedFindingResolver {
  @FieldResolver(() => DicomUid, { nullable: true, description: 'Pseudonym of the film that it was found on.' })
  async instanceId(@Root() { row }: DeidentifiedFinding, @Ctx() context: GatewayContext): Promise<string | null> {
    const inference = await clinicalLoaders(context).inferences.load(row.inferenceId);
    return inference === null ? null : context.services.pseudonyms.uidOf('instance', inference.instanceId);
  }

  @FieldResolver(() => DeidentifiedFindingModel, { nullable: true, description: 'The model version that made it.' })
  async model(
    @Root() { row }: DeidentifiedFinding,
    @Ctx() context: GatewayContext,
  ): Promise<DeidentifiedFindingModel | null> {
    const version = await clinicalLoaders(context).modelVersions.load(row.modelVersionId);
    return version === null ? null : { name: version.name, version: version.version, digest: version.digest };
  }
}
