/** OIDC_ROLE_MAP: which values of a claim give which role. */
import type { AccessRole } from '../store/generated/enums.ts';
import type { ClaimRules } from './claims.ts';
import { ACCESS_ROLES } from './identity.ts';

/** Ends at a role, so that a value may hold commas and equals signs, as distinguished names do. */
const ENTRY = new RegExp(`\\s*(.+?)\\s*=\\s*(${ACCESS_ROLES.join('|')})\\s*(?:,|$)`, 'y');

/** Entries parted by something else than a comma would make one long value. */
const HOLDS_ROLE = new RegExp(`=\\s*(${ACCESS_ROLES.join('|')})\\b`);

/** @returns undefined when the text is no list of VALUE=ROLE */
export function parseRoleMap(text: string): ClaimRules['roleMap'] | undefined {
  const entries: { value: string; role: AccessRole }[] = [];
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < text.length) {
    const [, value = '', role] = ENTRY.exec(text) ?? [];
    const known = ACCESS_ROLES.find((name) => name === role);
    if (known === undefined || HOLDS_ROLE.test(value)) return undefined;
    entries.push({ value, role: known });
  }
  return entries;
}
