/** Of access: who asks, what they may have, and how it is recorded. */
import { define, type ErrorDefinition } from './definition.ts';
import { OUT_OF_RESOURCES, PROCESSING_FAILURE } from './dicom-status.ts';

export const ACCESS_ERRORS = {
  UNAUTHENTICATED: define(
    false,
    401,
    PROCESSING_FAILURE,
    'Send a valid access token or API key in the header Authorization: Bearer.',
  ),
  IDENTITY_PROVIDER_UNAVAILABLE: define(
    true,
    503,
    OUT_OF_RESOURCES,
    'Try again shortly; if it lasts, look at OIDC_ISSUER and at the identity provider.',
  ),
  FORBIDDEN: define(false, 403, PROCESSING_FAILURE, 'Ask an administrator for the role or the grant that is needed.'),
  DEIDENTIFICATION_REFUSED: define(
    false,
    409,
    PROCESSING_FAILURE,
    'Such a film is not given out without its identity; have its pixels cleaned elsewhere.',
  ),
  RATE_LIMITED: define(
    true,
    429,
    OUT_OF_RESOURCES,
    'Wait for the seconds that Retry-After gives, then go on more slowly.',
  ),
  QUERY_TOO_COMPLEX: define(
    false,
    400,
    PROCESSING_FAILURE,
    'Ask for less in one operation: fewer levels, smaller pages, fewer aliases.',
  ),
  OPERATION_NOT_REGISTERED: define(
    false,
    403,
    PROCESSING_FAILURE,
    'Have the operation added to GRAPHQL_OPERATIONS_FILE, or send one that is in it by its id.',
  ),
  AUDIT_UNAVAILABLE: define(
    true,
    503,
    OUT_OF_RESOURCES,
    'Nothing is shown that cannot be recorded: try again shortly; if it lasts, look at the database.',
  ),
  AUDIT_CHAIN_BROKEN: define(
    false,
    500,
    PROCESSING_FAILURE,
    'Keep the database as it is, compare it with a backup and with the exported records, and find out who could write to it.',
  ),
} satisfies Record<string, ErrorDefinition>;
