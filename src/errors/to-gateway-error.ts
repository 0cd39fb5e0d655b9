import { isDatabaseOutage } from '../database-outage.ts';
import { GatewayError } from './gateway-error.ts';

/**
 * Turns whatever was thrown into a coded error: full disks and lost databases keep their meaning, everything else
 * becomes INTERNAL with the original as `cause` (for the log; never shown).
 */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new GatewayError('STORAGE_FULL', 'The blob volume is full.', {}, { cause: error });
  }
  if (isDatabaseOutage(error)) {
    return new GatewayError('DATABASE_UNAVAILABLE', 'The database does not answer.', {}, { cause: error });
  }
  return new GatewayError('INTERNAL', 'Something unexpected went wrong.', {}, { cause: error });
}
