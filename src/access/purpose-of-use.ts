/** Why records are looked at: codes of PurposeOfUse in the HL7 v3 code system ActReason. */
import { GatewayError } from '../errors.ts';
import type { Identity } from './identity.ts';

/** The codes that are accepted. */
const PURPOSES_OF_USE = [
  'TREAT', // treatment
  'ETREAT', // emergency treatment
  'BTG', // break the glass
  'COC', // coordination of care
  'CAREMGT', // care management
  'PATRQT', // patient requested
  'FAMRQT', // family requested
  'HPAYMT', // healthcare payment
  'HOPERAT', // healthcare operations
  'HACCRED', // accreditation
  'HCOMPL', // compliance
  'HLEGAL', // legal
  'HOUTCOMS', // outcome measure
  'HQUALIMP', // quality improvement
  'HSYSADMIN', // system administration
  'PATADMIN', // patient administration
  'PATSFTY', // patient safety
  'PERFMSR', // performance measure
  'SYSDEV', // system development
  'HTEST', // test health data
  'TRAIN', // training
  'HRESCH', // healthcare research
  'PUBHLTH', // public health
] as const;

export type PurposeOfUse = (typeof PURPOSES_OF_USE)[number];

/**
 * @param stated - what the caller says; undefined: what its role is for
 * @throws GatewayError BAD_REQUEST for anything that is no code of the list
 */
export function purposeOf(stated: unknown, identity: Pick<Identity, 'roles' | 'deidentifiedOnly'>): PurposeOfUse {
  if (stated === undefined) return usualPurpose(identity);
  const purpose = PURPOSES_OF_USE.find((code) => code === stated);
  if (purpose !== undefined) return purpose;
  throw new GatewayError('BAD_REQUEST', `Purpose-Of-Use must be one of ${PURPOSES_OF_USE.join(', ')}.`);
}

function usualPurpose({ roles, deidentifiedOnly }: Pick<Identity, 'roles' | 'deidentifiedOnly'>): PurposeOfUse {
  if (deidentifiedOnly) return 'HRESCH';
  if (roles.includes('CLINICIAN') || roles.includes('TECHNOLOGIST')) return 'TREAT';
  if (roles.includes('INTEGRATION')) return 'HOPERAT';
  if (roles.includes('ADMIN')) return 'HSYSADMIN';
  return roles.includes('AUDITOR') ? 'HCOMPL' : 'TREAT';
}
