/** Of the gateway itself. */
import { define, type ErrorDefinition } from './definition.ts';
import { PROCESSING_FAILURE } from './dicom-status.ts';

export const PROCESS_ERRORS = {
  CONFIG_INVALID: define(false, 500, PROCESSING_FAILURE, 'Correct the settings that the message lists.'),
  INTERNAL: define(
    true,
    500,
    PROCESSING_FAILURE,
    'Try again; if it lasts, give the request id to whoever runs the gateway.',
  ),
} satisfies Record<string, ErrorDefinition>;
