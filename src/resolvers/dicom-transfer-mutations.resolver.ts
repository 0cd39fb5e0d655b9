import { Arg, Authorized, Ctx, Mutation, Resolver } from 'type-graphql';
import { MOVES_STUDIES, requireAllIssuers } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { RetrievePriorStudiesInput, RetrieveStudyInput, SendStudyInput } from '../schema/dicom-transfer.input.ts';
import {
  type DicomTransfer,
  RequestDicomTransferPayload,
  RetrievePriorStudiesPayload,
} from '../schema/dicom-transfer.type.ts';
import { fromGlobalId } from '../schema/global-id.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { actorIn, type GatewayContext, renewLoaders } from './context.ts';
import { day, requireSize } from './dicom-node.resolver.ts';

/** Most studies of one request: each is a transfer of its own. */
const MAXIMUM_PRIORS = 50;

/** Requests transfers of studies. */
@Resolver()
export class DicomTransferMutationsResolver {
  @Authorized<AccessRole>(MOVES_STUDIES)
  @Mutation(() => RequestDicomTransferPayload, {
    description:
      'Fetches a study from a node; its films are read as if they had been sent. Idempotent: a transfer that waits or runs is given as it is, and a film that is stored is a duplicate.',
  })
  async retrieveStudy(
    @Arg('input', () => RetrieveStudyInput, { description: 'Which study, from where.' })
    { node, studyInstanceUid }: RetrieveStudyInput,
    @Ctx() context: GatewayContext,
  ): Promise<RequestDicomTransferPayload> {
    requireAllIssuers(context.caller);
    const { nodes } = context.services;
    const { transferId, created } = await nodes.transfer(
      { kind: 'RETRIEVE', node, studyInstanceUid },
      actorIn(context),
    );
    renewLoaders(context);
    return { transfer: await loaded(transferId, context), created };
  }

  @Authorized<AccessRole>(MOVES_STUDIES)
  @Mutation(() => RetrievePriorStudiesPayload, {
    description:
      "Looks at a node for a patient's earlier radiographs and fetches them; those that are no chest films are stored and not read.",
  })
  async retrievePriorStudies(
    @Arg('input', () => RetrievePriorStudiesInput, { description: 'Whose films, from where.' })
    { node, patientId, before, first }: RetrievePriorStudiesInput,
    @Ctx() context: GatewayContext,
  ): Promise<RetrievePriorStudiesPayload> {
    requireAllIssuers(context.caller);
    requireSize(first, MAXIMUM_PRIORS);
    const patient = await context.loaders.patients.load(fromGlobalId('Patient', patientId));
    if (patient === null) throw new GatewayError('NOT_FOUND', 'There is no such patient.');
    const requested = await context.services.nodes.retrievePriors(node, patient, day(before), first, actorIn(context));
    renewLoaders(context);
    return { transfers: await Promise.all(requested.map(({ transferId }) => loaded(transferId, context))) };
  }

  @Authorized<AccessRole>(MOVES_STUDIES)
  @Mutation(() => RequestDicomTransferPayload, {
    description:
      'Sends the stored films of a study to a node, as they were received. Idempotent: a transfer that waits or runs is given as it is.',
  })
  async sendStudy(
    @Arg('input', () => SendStudyInput, { description: 'Which study, to where.' }) { node, studyId }: SendStudyInput,
    @Ctx() context: GatewayContext,
  ): Promise<RequestDicomTransferPayload> {
    const study = await context.loaders.studies.load(fromGlobalId('Study', studyId));
    if (study === null) throw new GatewayError('NOT_FOUND', 'There is no such study.');
    const request = { kind: 'SEND', node, studyInstanceUid: study.studyInstanceUid } as const;
    const { transferId, created } = await context.services.nodes.transfer(request, actorIn(context));
    renewLoaders(context);
    return { transfer: await loaded(transferId, context), created };
  }
}

async function loaded(transferId: string, { loaders }: GatewayContext): Promise<DicomTransfer> {
  const transfer = await loaders.dicomTransfers.load(transferId);
  if (transfer === null) throw new GatewayError('NOT_FOUND', 'The transfer is gone.');
  return transfer;
}
