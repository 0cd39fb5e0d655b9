/** Making, rotating and revoking API keys: by the API and by the command line. */
import { GatewayError } from '../errors.ts';
import type { ApiKeyRow, ApiKeyStore } from '../store/api-keys.ts';
import type { AuditActor } from '../store/audit/audit-entry.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { hashOfApiKey, makeApiKeySecret } from './api-key-secret.ts';
import type { Identity } from './identity.ts';

/** What a key is for. */
export interface ApiKeyRequest {
  readonly name: string;
  readonly roles: readonly AccessRole[];
  /** Assigning authorities; `*`: all. */
  readonly issuers: readonly string[];
  readonly studies: readonly string[];
  readonly deidentifiedOnly: boolean;
  readonly expiresInDays: number;
}

/** How a key is replaced. */
export interface RotationRequest {
  /** How long the old key is accepted yet. */
  readonly graceHours: number;
  /** Of the new key; undefined: as long as the old one was made for. */
  readonly expiresInDays: number | undefined;
}

/** A key with the one sight of its secret. */
export interface IssuedApiKey {
  readonly apiKey: ApiKeyRow;
  readonly secret: string;
}

/** Whoever makes keys can give no more than this. */
export type Granter = Pick<Identity, 'issuers' | 'studies'>;

/** The command line is the operator's, who has the database. */
export const OPERATOR: Granter = { issuers: 'ALL', studies: [] };

export const LONGEST_LIFE_DAYS = 400;
export const LONGEST_GRACE_HOURS = 30 * 24;
export const USUAL_LIFE_DAYS = 90;
export const USUAL_GRACE_HOURS = 24;

const LONGEST_NAME = 200;
const LONGEST_REASON = 2000;
const LONGEST_ISSUER = 64;
const MOST_GRANTS = 1000;

/** PS3.5 section 9.1. */
const UID = /^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/;
const LONGEST_UID = 64;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** @throws GatewayError BAD_REQUEST, FORBIDDEN when it would see more than its maker */
export async function createApiKey(
  keys: ApiKeyStore,
  request: ApiKeyRequest,
  granter: Granter,
  by: AuditActor,
): Promise<IssuedApiKey> {
  const { roles, studies, deidentifiedOnly } = request;
  const name = textOf('The name', request.name, LONGEST_NAME);
  const issuers = request.issuers.includes('*') ? ['*'] : [...new Set(request.issuers.map(issuerOf))];
  if (roles.length === 0) throw badRequest('A key needs a role at least.');
  if (issuers.length > MOST_GRANTS || studies.length > MOST_GRANTS) {
    throw badRequest(`A key is granted ${MOST_GRANTS} issuers and ${MOST_GRANTS} studies at most.`);
  }
  if (studies.some((uid) => uid.length > LONGEST_UID || !UID.test(uid))) {
    throw badRequest('A study is given by its Study Instance UID.');
  }
  requireWithin(granter, issuers, studies);
  const secret = makeApiKeySecret();
  const expiresAt = new Date(Date.now() + daysOf(request.expiresInDays) * DAY_MS);
  const apiKey = await keys.create(
    {
      ...{ name, issuers, deidentifiedOnly, expiresAt },
      roles: [...new Set(roles)],
      studies: [...new Set(studies)],
      secretHash: hashOfApiKey(secret),
    },
    by,
  );
  return { apiKey, secret };
}

/** @throws GatewayError NOT_FOUND, INVALID_STATE, BAD_REQUEST, FORBIDDEN as {@link createApiKey} */
export async function rotateApiKey(
  keys: ApiKeyStore,
  id: string,
  { graceHours, expiresInDays }: RotationRequest,
  granter: Granter,
  by: AuditActor,
): Promise<IssuedApiKey> {
  if (!(graceHours >= 0 && graceHours <= LONGEST_GRACE_HOURS)) {
    throw badRequest(`The old key is accepted for 0 to ${LONGEST_GRACE_HOURS} hours yet.`);
  }
  const old = await keys.byId(id);
  requireWithin(granter, old.issuers, old.studies);
  const now = Date.now();
  const life = old.expiresAt.getTime() - old.createdAt.getTime();
  const lifetime = expiresInDays === undefined ? life : daysOf(expiresInDays) * DAY_MS;
  const secret = makeApiKeySecret();
  const rotation = {
    secretHash: hashOfApiKey(secret),
    expiresAt: new Date(now + lifetime),
    oldUntil: new Date(now + graceHours * HOUR_MS),
  };
  return { apiKey: await keys.rotate(id, rotation, by), secret };
}

/** @throws GatewayError NOT_FOUND, BAD_REQUEST without a reason */
export async function revokeApiKey(keys: ApiKeyStore, id: string, reason: string, by: AuditActor): Promise<ApiKeyRow> {
  return keys.revoke(id, reasonOf(reason), by);
}

/** @throws GatewayError BAD_REQUEST when it is empty or too long */
export function reasonOf(text: string): string {
  return textOf('The reason', text, LONGEST_REASON);
}

function requireWithin(granter: Granter, issuers: readonly string[], studies: readonly string[]): void {
  const { issuers: own } = granter;
  if (own === 'ALL') return;
  const within =
    issuers.every((issuer) => own.includes(issuer)) && studies.every((study) => granter.studies.includes(study));
  if (!within) throw new GatewayError('FORBIDDEN', 'A key cannot be granted more than its maker is.');
}

function issuerOf(text: string): string {
  return textOf('An issuer', text, LONGEST_ISSUER);
}

function textOf(what: string, text: string, longest: number): string {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > longest) throw badRequest(`${what} must have 1 to ${longest} characters.`);
  return trimmed;
}

function daysOf(days: number): number {
  if (days > 0 && days <= LONGEST_LIFE_DAYS) return days;
  throw badRequest(`A key lives for more than 0 and at most ${LONGEST_LIFE_DAYS} days.`);
}

function badRequest(problem: string): GatewayError {
  return new GatewayError('BAD_REQUEST', problem);
}
