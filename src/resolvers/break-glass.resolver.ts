import { Arg, Args, Authorized, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { AUDITS, BREAKS_GLASS } from '../access/permissions.ts';
import { BreakGlassFilterInput, BreakGlassOrder } from '../schema/break-glass.input.ts';
import { BreakGlassOpening, BreakGlassOpeningConnection } from '../schema/break-glass.type.ts';
import { fromOptionalGlobalId } from '../schema/global-id.ts';
import { PageArguments } from '../schema/page.input.ts';
import type { Connection } from '../schema/page.type.ts';
import { Patient } from '../schema/patient.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { listBreakGlasses } from '../store/reads/break-glasses.ts';
import type { BreakGlassRow } from '../store/reads/tables.ts';
import { toConnection } from './connection.ts';
import type { GatewayContext } from './context.ts';

/** Break-glass openings. */
@Resolver(() => BreakGlassOpening)
export class BreakGlassResolver {
  @Authorized<AccessRole>(AUDITS)
  @Query(() => BreakGlassOpeningConnection, { description: 'Records that were opened without a grant, page by page.' })
  async breakGlassOpenings(
    @Args(() => PageArguments) page: PageArguments,
    @Arg('filter', () => BreakGlassFilterInput, { nullable: true, description: 'Which openings; default: all.' })
    filter: BreakGlassFilterInput | null,
    @Arg('orderBy', () => BreakGlassOrder, {
      defaultValue: { field: 'CREATED_AT', direction: 'DESC' },
      description: 'In which order.',
    })
    { direction }: BreakGlassOrder,
    @Ctx() { loaders, reader }: GatewayContext,
  ): Promise<Connection<BreakGlassOpening>> {
    const patientId = fromOptionalGlobalId('Patient', filter?.patientId) ?? null;
    return toConnection(
      await listBreakGlasses(reader, { ...filter, patientId }, direction, page),
      loaders.breakGlasses,
    );
  }

  @Authorized<AccessRole>(BREAKS_GLASS)
  @Query(() => BreakGlassOpeningConnection, {
    description: 'Records that the caller opened without a grant, newest first, page by page.',
  })
  async myBreakGlassOpenings(
    @Args(() => PageArguments) page: PageArguments,
    @Arg('live', () => Boolean, {
      nullable: true,
      description: 'true: only those that are open now; false: only the others.',
    })
    live: boolean | null,
    @Ctx() { loaders, reader }: GatewayContext,
  ): Promise<Connection<BreakGlassOpening>> {
    const { subject } = reader.scope;
    return toConnection(await listBreakGlasses(reader, { live, subject }, 'DESC', page), loaders.breakGlasses);
  }

  @FieldResolver(() => Boolean, { description: 'It still lets its subject read.' })
  live(@Root() { expiresAt, endedAt }: BreakGlassRow): boolean {
    return endedAt === null && expiresAt.getTime() > Date.now();
  }

  @FieldResolver(() => Patient, {
    nullable: true,
    description: 'Whose record; null for those who may not see the patient (any more).',
  })
  async patient(@Root() { patientId }: BreakGlassRow, @Ctx() { loaders }: GatewayContext): Promise<Patient | null> {
    return loaders.patients.load(patientId);
  }
}
