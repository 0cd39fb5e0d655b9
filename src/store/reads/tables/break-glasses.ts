/** Records opened without a grant. */
import type { BreakGlass } from '../../generated/client.ts';
import { defineTable } from '../define-table.ts';
import { openingVisible } from '../visibility.ts';

export type BreakGlassRow = BreakGlass;

export const BREAK_GLASSES = defineTable<BreakGlassRow>('BreakGlass', openingVisible, [
  'id',
  'subject',
  'displayName',
  'patientId',
  'reason',
  'createdAt',
  'expiresAt',
  'endedAt',
  'endedBy',
]);
