/** Refuses everything that a subject has proved itself by so far. */
import { GatewayError } from '../errors.ts';
import type { ApiKeyStore } from '../store/api-keys.ts';
import type { AuditActor } from '../store/audit/audit-entry.ts';
import type { IdentityRevocationStore } from '../store/identity-revocations.ts';
import { reasonOf } from './api-keys.ts';

const API_KEY = 'api-key:';
const OIDC = /^oidc:\S+#./;
const LONGEST_SUBJECT = 2000;

/**
 * Access tokens of a person that were issued up to now are refused; those issued later are not. An API key is revoked.
 *
 * @param subject - as identities have it: `oidc:<issuer>#<sub>` or `api-key:<id>`
 * @returns from when on
 * @throws GatewayError BAD_REQUEST for other subjects or without a reason, NOT_FOUND for an API key that does not exist
 */
export async function revokeIdentity(
  store: { readonly apiKeys: ApiKeyStore; readonly identityRevocations: IdentityRevocationStore },
  subject: string,
  reason: string,
  by: AuditActor,
): Promise<Date> {
  const why = reasonOf(reason);
  if (subject.startsWith(API_KEY)) {
    const { revokedAt } = await store.apiKeys.revoke(subject.slice(API_KEY.length), why, by);
    return revokedAt ?? new Date();
  }
  if (!OIDC.test(subject) || subject.length > LONGEST_SUBJECT) {
    throw new GatewayError(
      'BAD_REQUEST',
      'A subject is oidc:<issuer>#<sub> or api-key:<id>; DICOM nodes are taken out of DICOM_NODES_FILE.',
    );
  }
  return (await store.identityRevocations.revoke(subject, why, by)).revokedAt;
}
