/** The context of an operation, whichever way it came. */
import { createContext, type GatewayContext, type GatewayServices } from '../../resolvers/context.ts';

/** Who asks, until there are accounts. */
const ACTOR = 'anonymous';

/** @param requestId - names the operation in errors and in the log */
export function operationContext(services: GatewayServices, requestId: string): GatewayContext {
  return createContext(services, { actor: ACTOR, requestId });
}
