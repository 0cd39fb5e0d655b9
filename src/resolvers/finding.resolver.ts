import { Arg, Args, Authorized, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { READS_FINDINGS } from '../access/permissions.ts';
import { FindingFilterInput, FindingOrder } from '../schema/finding.input.ts';
import { CodedConcept, Finding, FindingConnection, HeatMap } from '../schema/finding.type.ts';
import { fromOptionalGlobalId } from '../schema/global-id.ts';
import { Inference } from '../schema/inference.type.ts';
import { ModelVersion } from '../schema/model-version.type.ts';
import { PageArguments } from '../schema/page.input.ts';
import type { Connection } from '../schema/page.type.ts';
import { Patient } from '../schema/patient.type.ts';
import { Study } from '../schema/study.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { listFindings } from '../store/reads/findings.ts';
import type { FindingRow } from '../store/reads/tables.ts';
import { codesOf } from './codes-of-finding.ts';
import { toConnection } from './connection.ts';
import type { GatewayContext } from './context.ts';
import type { HeatMapRoot } from './heat-map.resolver.ts';
import { present } from './present.ts';

/** Findings. */
@Resolver(() => Finding)
export class FindingResolver {
  @Authorized<AccessRole>(READS_FINDINGS)
  @Query(() => FindingConnection, { description: 'Findings, page by page.' })
  async findings(
    @Args(() => PageArguments) page: PageArguments,
    @Arg('filter', () => FindingFilterInput, { nullable: true, description: 'Which findings; default: all.' })
    filter: FindingFilterInput | null,
    @Arg('orderBy', () => FindingOrder, {
      defaultValue: { field: 'CREATED_AT', direction: 'DESC' },
      description: 'In which order.',
    })
    order: FindingOrder,
    @Ctx() { loaders, reader }: GatewayContext,
  ): Promise<Connection<Finding>> {
    const ids = {
      patientId: fromOptionalGlobalId('Patient', filter?.patientId) ?? null,
      modelVersionId: fromOptionalGlobalId('ModelVersion', filter?.modelVersionId) ?? null,
    };
    return toConnection(await listFindings(reader, { ...filter, ...ids }, order, page), loaders.findings);
  }

  @FieldResolver(() => [CodedConcept], {
    description:
      'The label as codes of terminologies: the one that was recorded with it first, then every other that has been verified; empty where none has.',
  })
  codes(@Root() finding: FindingRow, @Ctx() { services }: GatewayContext): readonly CodedConcept[] {
    return codesOf(finding, services.models);
  }

  @FieldResolver(() => HeatMap, { description: 'Where on the film the model saw the label.' })
  heatMap(@Root() finding: FindingRow): HeatMapRoot {
    return { rows: finding.heatMapRows, columns: finding.heatMapColumns, finding };
  }

  @FieldResolver(() => [String], { description: 'Warnings of its reading: `RULE_NAME: sentence`.' })
  async warnings(@Root() finding: FindingRow, @Ctx() { loaders }: GatewayContext): Promise<readonly string[]> {
    return (await loaders.inferences.load(finding.inferenceId))?.warnings ?? [];
  }

  @FieldResolver(() => Inference, { description: 'The reading that it comes from.' })
  async inference(@Root() finding: FindingRow, @Ctx() { loaders }: GatewayContext): Promise<Inference> {
    return present(await loaders.inferences.load(finding.inferenceId));
  }

  @FieldResolver(() => Study, { description: 'The study of the film.' })
  async study(@Root() finding: FindingRow, @Ctx() { loaders }: GatewayContext): Promise<Study> {
    return present(await loaders.studies.load(finding.studyId));
  }

  @FieldResolver(() => Patient, { description: 'Whose film it is.' })
  async patient(@Root() finding: FindingRow, @Ctx() { loaders }: GatewayContext): Promise<Patient> {
    return present(await loaders.patients.load(finding.patientId));
  }

  @FieldResolver(() => ModelVersion, { description: 'The model version that found it.' })
  async modelVersion(@Root() finding: FindingRow, @Ctx() { loaders }: GatewayContext): Promise<ModelVersion> {
    return present(await loaders.modelVersions.load(finding.modelVersionId));
  }
}
