/** Records that a clinician opens without a grant. */
import { integer, type Values } from './settings.ts';

export const BREAK_GLASS_SETTINGS = {
  BREAK_GLASS_MINUTES: integer(1, 24 * 60, 60).describe(
    'how long a record stays open that a clinician opened without a grant',
  ),
  BREAK_GLASS_MAX_LIVE: integer(1, 1000, 10).describe('records that one clinician may have open so at once'),
} as const;

/** For how long, and how many at once. */
export interface BreakGlassConfig {
  readonly breakGlass: { readonly minutes: number; readonly maxLive: number };
}

/** @param env - checked settings of this part */
export function breakGlassConfig(env: Values<typeof BREAK_GLASS_SETTINGS>): BreakGlassConfig {
  return { breakGlass: { minutes: env.BREAK_GLASS_MINUTES, maxLive: env.BREAK_GLASS_MAX_LIVE } };
}
