/** The context of an operation, whichever way it came. */
import { anonymousCaller } from '../../access/caller.ts';
import { createContext, type GatewayContext, type GatewayServices } from '../../resolvers/context.ts';

/** @param requestId - names the operation in errors and in the log */
export function operationContext(services: GatewayServices, requestId: string): GatewayContext {
  return createContext(services, anonymousCaller(requestId));
}
