/** What a film may be: the size of its file, and the gate that it must pass to be read. */
import { z } from 'zod';
import { type GateEffects, parseGateRules } from '../dicom/gate-rules.ts';
import { integer, MEBIBYTE, type Values } from './settings.ts';

export const FILM_SETTINGS = {
  DICOM_MAX_FILE_BYTES: integer(1024, 4096 * MEBIBYTE, 512 * MEBIBYTE).describe('largest film'),
  DICOM_MAX_HEADER_BYTES: integer(4096, 256 * MEBIBYTE, 16 * MEBIBYTE).describe('largest data set before Pixel Data'),
  DICOM_MAX_DIMENSION: integer(64, 65535, 16384).describe('most rows or columns'),
  GATE_RULES: z
    .string()
    .optional()
    .transform((text, context): GateEffects => {
      const { effects, problems } = parseGateRules(text ?? '');
      for (const message of problems) context.addIssue({ code: 'custom', message });
      return effects;
    })
    .describe(
      'what rules of the gate do other than docs/films.md says: RULE_NAME=exclude|warn|ignore, several by commas',
    ),
} as const;

/** Limits of one film's file. */
export interface FilmLimits {
  /** Bytes. */
  readonly maxFileBytes: number;
  /** Bytes of the data set before Pixel Data. */
  readonly maxHeaderBytes: number;
  /** Most rows, and most columns. */
  readonly maxDimension: number;
}

/** Films, by whichever door they come. */
export interface FilmConfig {
  readonly film: FilmLimits;
  /** What rules of the gate do other than usual. */
  readonly gate: GateEffects;
}

/** @param env - checked settings of this part */
export function filmConfig(env: Values<typeof FILM_SETTINGS>): FilmConfig {
  return {
    film: {
      maxFileBytes: env.DICOM_MAX_FILE_BYTES,
      maxHeaderBytes: env.DICOM_MAX_HEADER_BYTES,
      maxDimension: env.DICOM_MAX_DIMENSION,
    },
    gate: env.GATE_RULES,
  };
}
