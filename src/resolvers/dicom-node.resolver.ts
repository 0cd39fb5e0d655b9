import { Arg, Authorized, Ctx, Int, Mutation, Query, Resolver } from 'type-graphql';
import { MOVES_STUDIES, requireAllIssuers } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import type { DicomNodes } from '../nodes/dicom-nodes.ts';
import { DicomNode, EchoDicomNodePayload, RemoteStudies } from '../schema/dicom-node.type.ts';
import { DateRangeInput } from '../schema/dicom-transfer.input.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { MAXIMUM_PAGE_SIZE } from '../store/reads/keyset.ts';
import { codedError } from './coded-error.ts';
import type { GatewayContext } from './context.ts';

/** DICOM nodes and what they have. */
@Resolver()
export class DicomNodeResolver {
  @Authorized<AccessRole>(MOVES_STUDIES)
  @Query(() => [DicomNode], {
    description: 'The DICOM nodes that the gateway knows, in the order of DICOM_NODES_FILE.',
  })
  dicomNodes(@Ctx() { services }: GatewayContext): readonly DicomNode[] {
    return services.nodes.list.map(toDicomNode);
  }

  @Authorized<AccessRole>(MOVES_STUDIES)
  @Query(() => RemoteStudies, {
    description: 'Looks for studies at a node. At least one condition must be given; all must hold, and are exact.',
  })
  async remoteStudies(
    @Arg('node', () => String, { description: 'Name of the node.' }) node: string,
    @Arg('patientId', () => String, { nullable: true, description: 'Patient ID (0010,0020).' })
    patientId: string | null,
    @Arg('studyDate', () => DateRangeInput, { nullable: true, description: 'When the study was made.' })
    studyDate: DateRangeInput | null,
    @Arg('accessionNumber', () => String, { nullable: true, description: 'Accession Number (0008,0050).' })
    accessionNumber: string | null,
    @Arg('first', () => Int, { defaultValue: 50, description: 'Most studies: 1 to 200.' }) first: number,
    @Ctx() { services, caller }: GatewayContext,
  ): Promise<RemoteStudies> {
    requireAllIssuers(caller);
    requireSize(first, MAXIMUM_PAGE_SIZE);
    const range = studyDate?.from || studyDate?.to ? { from: day(studyDate.from), to: day(studyDate.to) } : undefined;
    if (!patientId && !accessionNumber && range === undefined) {
      throw new GatewayError('BAD_REQUEST', 'Give patientId, studyDate or accessionNumber: a node may have millions.');
    }
    const query = {
      patientId: patientId ?? undefined,
      accessionNumber: accessionNumber ?? undefined,
      studyDate: range,
    };
    return services.nodes.findStudies(node, query, first);
  }

  @Authorized<AccessRole>(MOVES_STUDIES)
  @Mutation(() => EchoDicomNodePayload, {
    description: 'Asks a node whether it answers: C-ECHO by DIMSE, the smallest search by DICOMweb.',
  })
  async echoDicomNode(
    @Arg('node', () => String, { description: 'Name of the node.' }) node: string,
    @Ctx() { services }: GatewayContext,
  ): Promise<EchoDicomNodePayload> {
    const echoes = await services.nodes.echo(node);
    return {
      echoes: echoes.map((echo) => ({ ...echo, error: echo.error === undefined ? null : codedError(echo.error) })),
    };
  }
}

/** Credentials stay behind. */
function toDicomNode({ name, dimse, dicomWeb }: DicomNodes['list'][number]): DicomNode {
  return {
    name,
    dimse: dimse === undefined ? null : { ...dimse, host: dimse.host ?? null },
    dicomWebUrl: dicomWeb?.url ?? null,
  };
}

/** @throws GatewayError BAD_REQUEST */
export function requireSize(first: number, most: number): void {
  if (first < 1 || first > most)
    throw new GatewayError('BAD_REQUEST', `1 to ${most} studies can be asked for at once.`);
}

/** YYYY-MM-DD. */
export function day(date: Date | null | undefined): string | undefined {
  return date?.toISOString().slice(0, 10);
}
