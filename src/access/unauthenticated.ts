/** Why somebody is not let in, told no further than it may be. */
import { GatewayError } from '../errors.ts';

/** INVALID covers everything else: a forger learns nothing from the answer. */
export type CredentialProblem = 'MISSING' | 'INVALID' | 'EXPIRED';

const PROBLEMS: Readonly<Record<CredentialProblem, string>> = {
  MISSING: 'A credential is needed.',
  INVALID: 'The credential is not valid.',
  EXPIRED: 'The credential has expired.',
};

/** @param cause - for the log, never shown */
export function unauthenticated(credential: CredentialProblem, cause?: unknown): GatewayError {
  return new GatewayError('UNAUTHENTICATED', PROBLEMS[credential], { credential }, { cause });
}
