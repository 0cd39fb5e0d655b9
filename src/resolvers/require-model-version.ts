/** The model version that an argument names. */
import { GatewayError } from '../errors.ts';
import { fromGlobalId } from '../schema/global-id.ts';
import type { ModelVersionRow } from '../store/reads/tables.ts';
import type { GatewayContext } from './context.ts';

/** @throws GatewayError BAD_REQUEST for a global id of something else, NOT_FOUND */
export async function requireModelVersion(
  globalId: string,
  { loaders }: Pick<GatewayContext, 'loaders'>,
): Promise<ModelVersionRow> {
  const version = await loaders.modelVersions.load(fromGlobalId('ModelVersion', globalId));
  if (version === null) throw new GatewayError('NOT_FOUND', 'There is no such model version.');
  return version;
}
