/** How an operation ended, as the elements of its response. */
import { ERROR_DEFINITIONS, type GatewayError } from '../errors.ts';
import { STATUS } from './conformance.ts';

/** Status and what explains it. */
export interface Outcome {
  readonly status: number;
  /** At most 64 characters go out. */
  readonly errorComment?: string;
}

export const SUCCEEDED: Outcome = { status: STATUS.SUCCESS };

/** A refusal by the door itself. */
export function refused(status: number, comment: string): Outcome {
  return { status, errorComment: comment };
}

/** What a coded error says: its status, and code and remedy as Error Comment. */
export function outcomeOf({ code, dicomStatus }: GatewayError): Outcome {
  return { status: dicomStatus, errorComment: `${code}: ${ERROR_DEFINITIONS[code].remedy}` };
}
