import { Arg, Authorized, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import { BREAKS_GLASS } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { OpenBreakGlassInput } from '../schema/break-glass.input.ts';
import { type BreakGlassOpening, EndBreakGlassPayload, OpenBreakGlassPayload } from '../schema/break-glass.type.ts';
import { fromGlobalId } from '../schema/global-id.ts';
import type { NamedPatient } from '../store/break-glass.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { actorIn, type GatewayContext, renewLoaders } from './context.ts';

/** Opens records in an emergency. */
@Resolver()
export class BreakGlassMutationsResolver {
  @Authorized<AccessRole>(BREAKS_GLASS)
  @Mutation(() => OpenBreakGlassPayload, {
    description:
      'Opens the record of a patient that is not granted, for BREAK_GLASS_MINUTES. Auditors are told at once, and every access that it makes possible is marked. NOT_FOUND for a patient who is unknown; INVALID_STATE when the record is granted anyway.',
  })
  async openBreakGlass(
    @Arg('input', () => OpenBreakGlassInput, { description: 'Whose record, and why.' }) input: OpenBreakGlassInput,
    @Ctx() context: GatewayContext,
  ): Promise<OpenBreakGlassPayload> {
    const id = await context.services.store.breakGlass.open({
      patient: namedPatient(input),
      reason: input.reason,
      scope: context.reader.scope,
      by: actorIn(context),
    });
    return { opening: await afterWrite(id, context) };
  }

  @Authorized<AccessRole>(BREAKS_GLASS)
  @Mutation(() => EndBreakGlassPayload, {
    description: "Ends the caller's own opening before its time. INVALID_STATE when it has ended.",
  })
  async endBreakGlass(
    @Arg('openingId', () => ID, { description: 'Global id of the opening.' }) globalId: string,
    @Ctx() context: GatewayContext,
  ): Promise<EndBreakGlassPayload> {
    const id = fromGlobalId('BreakGlassOpening', globalId);
    await context.services.store.breakGlass.end(id, actorIn(context));
    return { opening: await afterWrite(id, context) };
  }
}

/** @throws GatewayError BAD_REQUEST */
function namedPatient({ patientId, mrn, issuer }: OpenBreakGlassInput): NamedPatient {
  if (patientId && !mrn && !issuer) return { patientId: fromGlobalId('Patient', patientId) };
  if (!patientId && mrn && issuer) return { mrn, issuer };
  throw new GatewayError('BAD_REQUEST', 'Give either patientId, or mrn and issuer.');
}

async function afterWrite(id: string, context: GatewayContext): Promise<BreakGlassOpening> {
  renewLoaders(context);
  const opening = await context.loaders.breakGlasses.load(id);
  if (opening === null) throw new GatewayError('NOT_FOUND', 'There is no such opening.');
  return opening;
}
