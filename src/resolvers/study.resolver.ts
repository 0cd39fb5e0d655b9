import { Arg, Args, Authorized, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { READS_FINDINGS, READS_RECORDS } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { Finding } from '../schema/finding.type.ts';
import { fromOptionalGlobalId } from '../schema/global-id.ts';
import { Inference } from '../schema/inference.type.ts';
import { Instance } from '../schema/instance.type.ts';
import { PageArguments } from '../schema/page.input.ts';
import type { Connection } from '../schema/page.type.ts';
import { Patient } from '../schema/patient.type.ts';
import { DicomUid } from '../schema/scalars.ts';
import { Series } from '../schema/series.type.ts';
import { StudyFilterInput, StudyOrder } from '../schema/study.input.ts';
import { Study, StudyConnection } from '../schema/study.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { findStudy, findStudyByAccessionNumber, listStudies } from '../store/reads/studies.ts';
import type { StudyRow } from '../store/reads/tables.ts';
import { toConnection } from './connection.ts';
import type { GatewayContext } from './context.ts';
import { present } from './present.ts';

/** Studies. */
@Resolver(() => Study)
export class StudyResolver {
  @Authorized<AccessRole>(READS_RECORDS)
  @Query(() => Study, {
    nullable: true,
    description:
      'A study by its UID or its accession number; null when there is none. AMBIGUOUS when several have the accession number: list them by query studies.',
  })
  async study(
    @Arg('studyInstanceUid', () => DicomUid, { nullable: true, description: 'Study Instance UID.' })
    uid: string | null,
    @Arg('accessionNumber', () => String, { nullable: true, description: 'Accession number.' })
    accessionNumber: string | null,
    @Ctx() { reader }: GatewayContext,
  ): Promise<Study | null> {
    if (uid && !accessionNumber) return findStudy(reader, uid);
    if (!uid && accessionNumber) return findStudyByAccessionNumber(reader, accessionNumber);
    throw new GatewayError('BAD_REQUEST', 'Give either studyInstanceUid or accessionNumber.');
  }

  @Authorized<AccessRole>(READS_RECORDS)
  @Query(() => StudyConnection, { description: 'Studies, page by page.' })
  async studies(
    @Args(() => PageArguments) page: PageArguments,
    @Arg('filter', () => StudyFilterInput, { nullable: true, description: 'Which studies; default: all.' })
    filter: StudyFilterInput | null,
    @Arg('orderBy', () => StudyOrder, {
      defaultValue: { field: 'CREATED_AT', direction: 'DESC' },
      description: 'In which order.',
    })
    order: StudyOrder,
    @Ctx() { loaders, reader }: GatewayContext,
  ): Promise<Connection<Study>> {
    const patientId = fromOptionalGlobalId('Patient', filter?.patientId);
    return toConnection(
      await listStudies(reader, { ...filter, patientId: patientId ?? null }, order, page),
      loaders.studies,
    );
  }

  @FieldResolver(() => Patient, { description: 'Whose study it is.' })
  async patient(@Root() study: StudyRow, @Ctx() { loaders }: GatewayContext): Promise<Patient> {
    return present(await loaders.patients.load(study.patientId));
  }

  @FieldResolver(() => [Series], { description: 'Its series in the order of arrival; 1,000 at most.' })
  async series(@Root() { id }: StudyRow, @Ctx() { loaders }: GatewayContext): Promise<readonly Series[]> {
    return loaders.seriesOfStudy.load(id);
  }

  @FieldResolver(() => [Instance], {
    description: 'The films of all its series in the order of arrival; 1,000 at most.',
  })
  async instances(@Root() { id }: StudyRow, @Ctx() { loaders }: GatewayContext): Promise<readonly Instance[]> {
    return loaders.instancesOfStudy.load(id);
  }

  @FieldResolver(() => [Inference], { description: 'The readings of its films, newest first; 1,000 at most.' })
  async inferences(@Root() { id }: StudyRow, @Ctx() { loaders }: GatewayContext): Promise<readonly Inference[]> {
    return loaders.inferencesOfStudy.load(id);
  }

  @Authorized<AccessRole>(READS_FINDINGS)
  @FieldResolver(() => [Finding], {
    description:
      'The findings of all its readings, newest reading first and most probable first within it; 1,000 at most. For more conditions: query findings.',
  })
  async findings(
    @Root() { id }: StudyRow,
    @Arg('positive', () => Boolean, {
      nullable: true,
      description: 'true: only positive findings; false: only negative ones; absent: all.',
    })
    positive: boolean | null,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<readonly Finding[]> {
    if (typeof positive !== 'boolean') return loaders.findingsOfStudy.load(id);
    return (positive ? loaders.positiveFindingsOfStudy : loaders.negativeFindingsOfStudy).load(id);
  }
}
