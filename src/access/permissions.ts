/**
 * Which roles may what. The sets of roles have names here; each query, mutation, subscription and sensitive field names
 * its set beside it (@Authorized), HTTP and DIMSE doors by {@link requireRole}. Nothing is allowed that names none.
 */
import { GatewayError } from '../errors.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import type { Caller } from './caller.ts';
import { ACCESS_ROLES, type Identity } from './identity.ts';

type Roles = AccessRole[]; // type-graphql's decorator takes no readonly array

/** What anybody who has proved who it is may do. */
export const EVERYBODY: Roles = [...ACCESS_ROLES];

/** Films, studies, readings and their progress, without what was found. */
export const READS_RECORDS: Roles = ['CLINICIAN', 'TECHNOLOGIST', 'INTEGRATION', 'ADMIN'];

/** Who a patient is: also auditors, who are asked who saw whom. */
export const READS_PATIENTS: Roles = [...READS_RECORDS, 'AUDITOR'];

/** What was found, and where on the film. */
export const READS_FINDINGS: Roles = ['CLINICIAN', 'INTEGRATION', 'ADMIN'];

/** Brings films in. */
export const SENDS_FILMS: Roles = ['TECHNOLOGIST', 'INTEGRATION', 'ADMIN'];

/** Has films read. */
export const REQUESTS_READINGS: Roles = ['CLINICIAN', 'TECHNOLOGIST', 'INTEGRATION', 'ADMIN'];

/** Cancels readings. */
export const CANCELS_READINGS: Roles = ['TECHNOLOGIST', 'INTEGRATION', 'ADMIN'];

/** Changes what reads films, who may call, and the like. */
export const ADMINISTERS: Roles = ['ADMIN'];

/** Looks at how model versions are governed. */
export const READS_GOVERNANCE: Roles = ['ADMIN', 'AUDITOR'];

/** Is told when model versions move. */
export const FOLLOWS_MODELS: Roles = ['INTEGRATION', 'ADMIN', 'AUDITOR'];

/** Says whether findings are right. */
export const REVIEWS_FINDINGS: Roles = ['CLINICIAN'];

/** Is shown who has reviewed a finding, and in which words; so is the reviewer. */
export const SEES_REVIEWERS: Roles = ['ADMIN', 'AUDITOR'];

/** Looks at how model versions do: figures, without a patient's data. */
export const ASSESSES_MODELS: Roles = ['ADMIN', 'AUDITOR'];

/** Moves studies between DICOM nodes. */
export const MOVES_STUDIES: Roles = ['INTEGRATION', 'ADMIN'];

/** Looks at who did what. */
export const AUDITS: Roles = ['AUDITOR'];

/** Opens records in an emergency. */
export const BREAKS_GLASS: Roles = ['CLINICIAN'];

/** Sees break-glass openings: those who audit all, those who open their own. */
export const READS_OPENINGS: Roles = [...BREAKS_GLASS, ...AUDITS];

/** De-identified views of what was found. */
export const READS_DEIDENTIFIED: Roles = ['CLINICIAN', 'INTEGRATION', 'ADMIN'];

/**
 * Extension of a field or an object type (@Extensions(DEIDENTIFIED)): the only ones that an identity with
 * `deidentifiedOnly` may ask for. On a type it speaks for all of its fields; on a field for this field alone, so that what
 * lies below it needs a mark of its own.
 */
export const DEIDENTIFIED: Readonly<Record<string, unknown>> = { deidentified: true };

/** Who may use an HTTP door or view besides GraphQL. */
interface Door {
  readonly roles: readonly AccessRole[];
  /** What it gives is de-identified. */
  readonly deidentified?: true;
}

/** Those that ask who calls; health, readiness and metrics answer everybody and hold nothing of a patient. */
export const HTTP_DOORS = {
  'POST /dicomweb/studies': { roles: SENDS_FILMS },
  'GET /instances/:uid/preview.png': { roles: READS_RECORDS },
  'GET /instances/:uid/heatmaps/:label.png': { roles: READS_FINDINGS },
  'GET /deidentified/instances/:uid': { roles: READS_DEIDENTIFIED, deidentified: true },
  'GET /deidentified/instances/:uid/preview.png': { roles: READS_DEIDENTIFIED, deidentified: true },
  'GET /model-versions/:id/report.html': { roles: READS_GOVERNANCE },
} as const satisfies Readonly<Record<string, Door>>;

/** @throws GatewayError FORBIDDEN naming the roles of which one is needed */
export function requireDoor(caller: Pick<Caller, 'identity'>, name: keyof typeof HTTP_DOORS): void {
  const door: Door = HTTP_DOORS[name];
  requireRole(caller, door.roles, door.deidentified);
}

/**
 * For HTTP doors and views.
 *
 * @param deidentified - what is asked for is de-identified
 * @throws GatewayError FORBIDDEN naming the roles of which one is needed
 */
export function requireRole(
  { identity }: Pick<Caller, 'identity'>,
  roles: readonly AccessRole[],
  deidentified = false,
): void {
  if (identity.deidentifiedOnly && !deidentified) throw deidentifiedOnly();
  if (!hasRole(identity, roles)) throw missingRole(roles);
}

/** Whether it has one of the roles. */
export function hasRole(identity: Pick<Identity, 'roles'>, roles: readonly AccessRole[]): boolean {
  return roles.some((role) => identity.roles.includes(role));
}

/**
 * For what reaches beyond the stored records, where no grant can be checked before the answer is there.
 *
 * @throws GatewayError FORBIDDEN
 */
export function requireAllIssuers({ identity }: Pick<Caller, 'identity'>): void {
  if (identity.issuers === 'ALL') return;
  throw new GatewayError('FORBIDDEN', 'What other nodes have is for those to see who are granted every issuer.');
}

/** @param roles - of which one is needed */
export function missingRole(roles: readonly AccessRole[]): GatewayError {
  return new GatewayError(
    'FORBIDDEN',
    `This needs ${roles.length === 1 ? 'the role' : 'one of the roles'} ${roles.join(', ')}.`,
  );
}

/** For an identity that may see de-identified views only. */
export function deidentifiedOnly(): GatewayError {
  return new GatewayError('FORBIDDEN', 'This identity is granted de-identified views only.');
}
