import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from 'type-graphql';
import { READS_PATIENTS, READS_RECORDS } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { fromGlobalId } from '../schema/global-id.ts';
import { PageArguments } from '../schema/page.input.ts';
import type { Connection } from '../schema/page.type.ts';
import { PatientFilterInput, PatientOrder } from '../schema/patient.input.ts';
import { Patient, PatientConnection } from '../schema/patient.type.ts';
import { PatientDiscrepancy } from '../schema/patient-discrepancy.type.ts';
import { Study } from '../schema/study.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { MAXIMUM_PAGE_SIZE } from '../store/reads/keyset.ts';
import { findPatient, listPatients } from '../store/reads/patients.ts';
import { toConnection } from './connection.ts';
import type { GatewayContext } from './context.ts';

/** Patients. */
@Resolver(() => Patient)
export class PatientResolver {
  @Authorized<AccessRole>(READS_PATIENTS)
  @Query(() => Patient, {
    nullable: true,
    description: 'A patient by id, or by medical record number and issuer together; null when there is none.',
  })
  async patient(
    @Arg('id', () => ID, { nullable: true, description: 'Global id.' }) id: string | null,
    @Arg('mrn', () => String, { nullable: true, description: 'Medical record number; needs issuer.' })
    mrn: string | null,
    @Arg('issuer', () => String, { nullable: true, description: 'Issuer of the medical record number.' })
    issuer: string | null,
    @Ctx() { loaders, reader }: GatewayContext,
  ): Promise<Patient | null> {
    if (id && !mrn && !issuer) return loaders.patients.load(fromGlobalId('Patient', id));
    if (!id && mrn && issuer) return findPatient(reader, mrn, issuer);
    throw new GatewayError('BAD_REQUEST', 'Give either id, or mrn and issuer.');
  }

  @Authorized<AccessRole>(READS_RECORDS)
  @Query(() => PatientConnection, { description: 'Patients, page by page.' })
  async patients(
    @Args(() => PageArguments) page: PageArguments,
    @Arg('filter', () => PatientFilterInput, { nullable: true, description: 'Which patients; default: all.' })
    filter: PatientFilterInput | null,
    @Arg('orderBy', () => PatientOrder, {
      defaultValue: { field: 'CREATED_AT', direction: 'DESC' },
      description: 'In which order.',
    })
    order: PatientOrder,
    @Ctx() { loaders, reader }: GatewayContext,
  ): Promise<Connection<Patient>> {
    return toConnection(await listPatients(reader, filter ?? {}, order, page), loaders.patients);
  }

  @Authorized<AccessRole>(READS_RECORDS)
  @FieldResolver(() => [Study], {
    description: 'The latest studies, newest first. For all of them: query studies with the patientId filter.',
  })
  async studies(
    @Root() { id }: Patient,
    @Arg('first', () => Int, { defaultValue: 50, description: 'Most studies: 1 to 200.' }) first: number,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<readonly Study[]> {
    if (first < 1 || first > MAXIMUM_PAGE_SIZE) {
      throw new GatewayError('BAD_REQUEST', `1 to ${MAXIMUM_PAGE_SIZE} studies can be asked for at once.`);
    }
    return loaders.studiesOfPatient(first).load(id);
  }

  @Authorized<AccessRole>(READS_RECORDS)
  @FieldResolver(() => [PatientDiscrepancy], {
    description: 'What films say otherwise than this record, newest first; the latest 1,000 at most.',
  })
  async discrepancies(
    @Root() { id }: Patient,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<readonly PatientDiscrepancy[]> {
    return loaders.discrepanciesOfPatient.load(id);
  }
}
