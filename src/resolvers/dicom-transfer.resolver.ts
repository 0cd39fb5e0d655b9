import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { MOVES_STUDIES } from '../access/permissions.ts';
import { DicomTransferFilterInput, DicomTransferOrder } from '../schema/dicom-transfer.input.ts';
import { DicomTransfer, DicomTransferConnection } from '../schema/dicom-transfer.type.ts';
import { fromGlobalId } from '../schema/global-id.ts';
import { CodedError } from '../schema/inference.type.ts';
import { PageArguments } from '../schema/page.input.ts';
import type { Connection } from '../schema/page.type.ts';
import { Study } from '../schema/study.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { listDicomTransfers } from '../store/reads/dicom-transfers.ts';
import type { DicomTransferRow } from '../store/reads/tables.ts';
import { storedError } from './coded-error.ts';
import { toConnection } from './connection.ts';
import type { GatewayContext } from './context.ts';

/** Transfers of studies. */
@Resolver(() => DicomTransfer)
export class DicomTransferResolver {
  @Authorized<AccessRole>(MOVES_STUDIES)
  @Query(() => DicomTransfer, { nullable: true, description: 'A transfer by id; null when there is none.' })
  async dicomTransfer(
    @Arg('id', () => ID, { description: 'Global id.' }) id: string,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<DicomTransfer | null> {
    return loaders.dicomTransfers.load(fromGlobalId('DicomTransfer', id));
  }

  @Authorized<AccessRole>(MOVES_STUDIES)
  @Query(() => DicomTransferConnection, { description: 'Transfers, page by page.' })
  async dicomTransfers(
    @Args(() => PageArguments) page: PageArguments,
    @Arg('filter', () => DicomTransferFilterInput, { nullable: true, description: 'Which transfers; default: all.' })
    filter: DicomTransferFilterInput | null,
    @Arg('orderBy', () => DicomTransferOrder, {
      defaultValue: { field: 'CREATED_AT', direction: 'DESC' },
      description: 'In which order.',
    })
    { direction }: DicomTransferOrder,
    @Ctx() { loaders, reader }: GatewayContext,
  ): Promise<Connection<DicomTransfer>> {
    return toConnection(await listDicomTransfers(reader, filter ?? {}, direction, page), loaders.dicomTransfers);
  }

  @FieldResolver(() => CodedError, {
    nullable: true,
    description: 'Why it failed, why the last attempt did, or, when it is DONE, why objects are counted as failed.',
  })
  error(@Root() { errorCode, errorMessage }: DicomTransferRow): CodedError | null {
    return errorCode === null ? null : storedError(errorCode, errorMessage);
  }

  @FieldResolver(() => Study, { nullable: true, description: 'The study, once the gateway has a film of it.' })
  async study(
    @Root() { studyInstanceUid }: DicomTransferRow,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<Study | null> {
    return loaders.studiesByUid.load(studyInstanceUid);
  }
}
