/** Of requests: what was asked, how, and how fast. */
import { define, type ErrorDefinition } from './definition.ts';
import { OUT_OF_RESOURCES, PROCESSING_FAILURE } from './dicom-status.ts';

export const REQUEST_ERRORS = {
  BAD_REQUEST: define(false, 400, PROCESSING_FAILURE, 'Correct the request as the message says.'),
  UNSUPPORTED_MEDIA_TYPE: define(false, 415, PROCESSING_FAILURE, 'Use the media type that the message names.'),
  NOT_ACCEPTABLE: define(false, 406, PROCESSING_FAILURE, 'Ask for a media type that the message names.'),
  PAYLOAD_TOO_LARGE: define(
    false,
    413,
    OUT_OF_RESOURCES,
    'Send less at once, or raise the limit that the message names.',
  ),
  TOO_MANY_PARTS: define(
    false,
    413,
    OUT_OF_RESOURCES,
    'Send fewer films a request, or raise the limit that the message names.',
  ),
  UPLOAD_TIMEOUT: define(
    true,
    408,
    OUT_OF_RESOURCES,
    'Send again over a faster connection, or raise the limit that the message names.',
  ),
  UPLOAD_ABORTED: define(true, 400, PROCESSING_FAILURE, 'The sender ended the upload early; send it again.'),
  NOT_FOUND: define(false, 404, PROCESSING_FAILURE, 'Check the identifier.'),
  AMBIGUOUS: define(false, 409, PROCESSING_FAILURE, 'Name the record by its UID or id, or list the candidates.'),
  INVALID_STATE: define(
    false,
    409,
    PROCESSING_FAILURE,
    'Look at the present state, then choose an operation that it allows.',
  ),
  CURSOR_INVALID: define(
    false,
    400,
    PROCESSING_FAILURE,
    'Use a cursor exactly as the gateway gave it, with the same order.',
  ),
  CURSOR_EXPIRED: define(
    false,
    410,
    PROCESSING_FAILURE,
    'Changes after this cursor are no longer all kept: read the state by query, then subscribe without a cursor.',
  ),
  SUBSCRIBER_TOO_SLOW: define(
    true,
    429,
    PROCESSING_FAILURE,
    'Subscribe again with the last cursor you received, and read faster.',
  ),
} satisfies Record<string, ErrorDefinition>;
