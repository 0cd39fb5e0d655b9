import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Instance } from '../schema/instance.type.ts';
import { PatientDiscrepancy } from '../schema/patient-discrepancy.type.ts';
import type { PatientDiscrepancyRow } from '../store/reads/tables.ts';
import type { GatewayContext } from './context.ts';
import { present } from './present.ts';

/** Discrepancies. */
@Resolver(() => PatientDiscrepancy)
export class PatientDiscrepancyResolver {
  @FieldResolver(() => Instance, { description: 'The film that says so.' })
  async instance(@Root() { instanceId }: PatientDiscrepancyRow, @Ctx() { loaders }: GatewayContext): Promise<Instance> {
    return present(await loaders.instances.load(instanceId));
  }
}
