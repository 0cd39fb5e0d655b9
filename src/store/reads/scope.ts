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
}

/** For the gateway itself, never for an answer. */
export const UNRESTRICTED: AccessScope = { subject: 'system', issuers: 'ALL', studies: [], shadow: true };

/** A way into the reads of this folder: every one of them takes it, and none sees more than its scope. */
export interface Reader {
  readonly prisma: PrismaClient;
  readonly scope: AccessScope;
}
