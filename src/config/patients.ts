/** Whose patient IDs are whose, and what pseudonyms are made with. */
import { z } from 'zod';
import type { Values } from './settings.ts';

export const PATIENT_SETTINGS = {
  DEFAULT_PATIENT_ID_ISSUER: z.string().min(1).default('LOCAL').describe('issuer of patient IDs that name none'),
  DEIDENTIFICATION_KEY: z
    .base64('must be base64')
    .refine((text) => Buffer.from(text, 'base64').length >= 32, 'must be base64 of 32 bytes or more')
    .optional()
    .describe(
      'secret that pseudonyms of de-identified views are made with, base64 of 32 bytes or more; without it one is made and kept in the database',
    ),
} as const;

/** Patient identifiers and pseudonyms. */
export interface PatientConfig {
  readonly defaultPatientIdIssuer: string;
  /** Base64; undefined: the gateway makes one of its own. */
  readonly deidentificationKey: string | undefined;
}

/** @param env - checked settings of this part */
export function patientConfig(env: Values<typeof PATIENT_SETTINGS>): PatientConfig {
  return {
    defaultPatientIdIssuer: env.DEFAULT_PATIENT_ID_ISSUER,
    deidentificationKey: env.DEIDENTIFICATION_KEY,
  };
}
