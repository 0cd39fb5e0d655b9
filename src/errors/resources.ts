/** Of resources: what the gateway lacks for a while. */
import { define, type ErrorDefinition } from './definition.ts';
import { OUT_OF_RESOURCES, PROCESSING_FAILURE } from './dicom-status.ts';

export const RESOURCE_ERRORS = {
  BUSY: define(true, 503, OUT_OF_RESOURCES, 'Try again after the seconds that Retry-After gives.'),
  STORAGE_FULL: define(true, 503, OUT_OF_RESOURCES, 'Free space on the blob volume, then try again.'),
  DATABASE_UNAVAILABLE: define(true, 503, OUT_OF_RESOURCES, 'Try again shortly; if it lasts, look at the database.'),
  SHUTTING_DOWN: define(true, 503, OUT_OF_RESOURCES, 'Try again; another process or the restarted one will answer.'),
  BLOB_UNREADABLE: define(true, 500, PROCESSING_FAILURE, 'Look at the blob volume: the stored film cannot be read.'),
} satisfies Record<string, ErrorDefinition>;
