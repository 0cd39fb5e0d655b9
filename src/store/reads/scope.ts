/** What somebody may see, as the store's reads enforce it. */
import type { PrismaClient } from '../client.ts';

/** The rows that a reader may have. */
export interface AccessScope {
  /** Whose break-glass openings count. */
  readonly subject: string;
  /** Assigning authorities whose patients may be read. */
  readonly issuers: 'ALL' | readonly string[];
  /** Study Instance UIDs that may be read besides. */
  readonly studies: readonly string[];
  /** Whether readings by versions that are not in clinical use are seen. */
  readonly shadow: boolean;
  /** Whether the break-glass openings of others are seen. */
  readonly openings: boolean;
}

/** For the gateway itself, never for an answer. */
export const UNRESTRICTED: AccessScope = {
  subject: 'system',
  issuers: 'ALL',
  studies: [],
  shadow: true,
  openings: true,
};

/** A way into the reads of this folder: every one of them takes it, and none sees more than its scope. */
export interface Reader {
  readonly prisma: PrismaClient;
  readonly scope: AccessScope;
}

/** Equal for scopes that see the same rows at the same moment. */
export function scopeKey({ subject, issuers, studies, shadow, openings }: AccessScope): string {
  // Who sees every patient needs no opening, so whose openings count makes no difference.
  const grants = issuers === 'ALL' ? 'ALL' : [subject, [...issuers].sort(), [...studies].sort()];
  return JSON.stringify([grants, shadow, openings]);
}
