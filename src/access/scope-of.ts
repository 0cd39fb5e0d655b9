/** From who asks to what the store's reads let through. */
import type { AccessScope } from '../store/reads/scope.ts';
import type { Identity } from './identity.ts';

/** The rows that an identity may have. */
export function scopeOf({ subject, roles, issuers, studies }: Identity): AccessScope {
  const openings = roles.includes('AUDITOR');
  return { subject, issuers, studies, shadow: openings || roles.includes('ADMIN'), openings };
}
