import { Arg, Authorized, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { READS_RECORDS } from '../access/permissions.ts';
import { Inference } from '../schema/inference.type.ts';
import { Instance } from '../schema/instance.type.ts';
import { Patient } from '../schema/patient.type.ts';
import { DicomUid, SafeInt } from '../schema/scalars.ts';
import { Series } from '../schema/series.type.ts';
import { Study } from '../schema/study.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { findInstance } from '../store/reads/studies.ts';
import type { InstanceRow } from '../store/reads/tables.ts';
import type { GatewayContext } from './context.ts';
import { previewUrl } from './image-urls.ts';
import { present } from './present.ts';

/** Instances. */
@Resolver(() => Instance)
export class InstanceResolver {
  @Authorized<AccessRole>(READS_RECORDS)
  @Query(() => Instance, { nullable: true, description: 'A film by its UID; null when there is none.' })
  async instance(
    @Arg('sopInstanceUid', () => DicomUid, { description: 'SOP Instance UID.' }) uid: string,
    @Ctx() { reader }: GatewayContext,
  ): Promise<Instance | null> {
    return findInstance(reader, uid);
  }

  @FieldResolver(() => SafeInt, { description: 'Length of the file in bytes.' })
  byteLength(@Root() instance: InstanceRow): number {
    return Number(instance.byteLength);
  }

  @FieldResolver(() => String, {
    description: 'The film as 8-bit grey PNG: path relative to the address of the gateway.',
  })
  previewUrl(@Root() instance: InstanceRow): string {
    return previewUrl(instance.sopInstanceUid);
  }

  @FieldResolver(() => Series, { description: 'The series it belongs to.' })
  async series(@Root() instance: InstanceRow, @Ctx() { loaders }: GatewayContext): Promise<Series> {
    return present(await loaders.series.load(instance.seriesId));
  }

  @FieldResolver(() => Study, { description: 'The study it belongs to.' })
  async study(@Root() instance: InstanceRow, @Ctx() { loaders }: GatewayContext): Promise<Study> {
    return present(await loaders.studies.load(instance.studyId));
  }

  @FieldResolver(() => Patient, { description: 'Whose film it is.' })
  async patient(@Root() instance: InstanceRow, @Ctx() { loaders }: GatewayContext): Promise<Patient> {
    const { patientId } = present(await loaders.studies.load(instance.studyId));
    return present(await loaders.patients.load(patientId));
  }

  @FieldResolver(() => [Inference], {
    description: 'Its readings, one a model version at most, newest first; 1,000 at most.',
  })
  async inferences(@Root() { id }: InstanceRow, @Ctx() { loaders }: GatewayContext): Promise<readonly Inference[]> {
    return loaders.inferencesOfInstance.load(id);
  }
}
