import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { READS_FINDINGS, READS_RECORDS } from '../access/permissions.ts';
import { Finding } from '../schema/finding.type.ts';
import { fromGlobalId, fromOptionalGlobalId } from '../schema/global-id.ts';
import { InferenceFilterInput, InferenceOrder } from '../schema/inference.input.ts';
import {
  CodedError,
  ExecutedEngine,
  Inference,
  InferenceConnection,
  InferenceTimings,
} from '../schema/inference.type.ts';
import { Instance } from '../schema/instance.type.ts';
import { ModelVersion } from '../schema/model-version.type.ts';
import { PageArguments } from '../schema/page.input.ts';
import type { Connection } from '../schema/page.type.ts';
import { Patient } from '../schema/patient.type.ts';
import { Study } from '../schema/study.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { listInferences } from '../store/reads/inferences.ts';
import type { InferenceRow } from '../store/reads/tables.ts';
import { storedError } from './coded-error.ts';
import { toConnection } from './connection.ts';
import type { GatewayContext } from './context.ts';
import { present } from './present.ts';
import { timingsOf } from './timings-of.ts';

/** Inferences. */
@Resolver(() => Inference)
export class InferenceResolver {
  @Authorized<AccessRole>(READS_RECORDS)
  @Query(() => Inference, { nullable: true, description: 'A reading by its id; null when there is none.' })
  async inference(
    @Arg('id', () => ID, { description: 'Global id.' }) id: string,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<Inference | null> {
    return loaders.inferences.load(fromGlobalId('Inference', id));
  }

  @Authorized<AccessRole>(READS_RECORDS)
  @Query(() => InferenceConnection, { description: 'Readings, page by page.' })
  async inferences(
    @Args(() => PageArguments) page: PageArguments,
    @Arg('filter', () => InferenceFilterInput, { nullable: true, description: 'Which readings; default: all.' })
    filter: InferenceFilterInput | null,
    @Arg('orderBy', () => InferenceOrder, {
      defaultValue: { field: 'CREATED_AT', direction: 'DESC' },
      description: 'In which order.',
    })
    { direction }: InferenceOrder,
    @Ctx() { loaders, reader }: GatewayContext,
  ): Promise<Connection<Inference>> {
    const ids = {
      patientId: fromOptionalGlobalId('Patient', filter?.patientId) ?? null,
      modelVersionId: fromOptionalGlobalId('ModelVersion', filter?.modelVersionId) ?? null,
      rereadJobId: fromOptionalGlobalId('RereadJob', filter?.rereadJobId) ?? null,
    };
    return toConnection(await listInferences(reader, { ...filter, ...ids }, direction, page), loaders.inferences);
  }

  @FieldResolver(() => CodedError, {
    nullable: true,
    description: 'Why it failed, or why the last attempt did; null when nothing went wrong.',
  })
  error(@Root() { errorCode, errorMessage }: InferenceRow): CodedError | null {
    return errorCode === null ? null : storedError(errorCode, errorMessage);
  }

  @FieldResolver(() => InferenceTimings, {
    nullable: true,
    description: 'Where the time of the last attempt went; null before a worker has claimed it.',
  })
  timings(@Root() inference: InferenceRow): InferenceTimings | null {
    return timingsOf(inference);
  }

  @FieldResolver(() => ExecutedEngine, {
    nullable: true,
    description: 'What really ran; null unless it is DONE, and for readings from before this was kept.',
  })
  executedEngine(@Root() { executedDigest, executedPrecision }: InferenceRow): ExecutedEngine | null {
    if (executedDigest === null || executedPrecision === null) return null;
    return { digest: executedDigest, precision: executedPrecision };
  }

  @FieldResolver(() => Instance, { description: 'The film that is read.' })
  async instance(@Root() inference: InferenceRow, @Ctx() { loaders }: GatewayContext): Promise<Instance> {
    return present(await loaders.instances.load(inference.instanceId));
  }

  @FieldResolver(() => Study, { description: 'The study of the film.' })
  async study(@Root() inference: InferenceRow, @Ctx() { loaders }: GatewayContext): Promise<Study> {
    return present(await loaders.studies.load(inference.studyId));
  }

  @FieldResolver(() => Patient, { description: 'Whose film it is.' })
  async patient(@Root() inference: InferenceRow, @Ctx() { loaders }: GatewayContext): Promise<Patient> {
    return present(await loaders.patients.load(inference.patientId));
  }

  @FieldResolver(() => ModelVersion, { description: 'The model version that reads.' })
  async modelVersion(@Root() inference: InferenceRow, @Ctx() { loaders }: GatewayContext): Promise<ModelVersion> {
    return present(await loaders.modelVersions.load(inference.modelVersionId));
  }

  @Authorized<AccessRole>(READS_FINDINGS)
  @FieldResolver(() => [Finding], { description: 'Its findings, most probable first; empty unless it is DONE.' })
  async findings(@Root() { id }: InferenceRow, @Ctx() { loaders }: GatewayContext): Promise<readonly Finding[]> {
    return loaders.findingsOfInference.load(id);
  }
}
