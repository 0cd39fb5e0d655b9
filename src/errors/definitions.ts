/** The closed set of codes, put together from its parts; the API and the documents list them in this order. */
import { ACCESS_ERRORS } from './access.ts';
import type { ErrorDefinition } from './definition.ts';
import { DICOM_NETWORK_ERRORS } from './dicom-network.ts';
import { FILM_ERRORS } from './films.ts';
import { MODEL_ERRORS } from './models.ts';
import { PROCESS_ERRORS } from './process.ts';
import { REQUEST_ERRORS } from './requests.ts';
import { RESOURCE_ERRORS } from './resources.ts';

/** Every code with its meaning. */
export const ERROR_DEFINITIONS = {
  ...FILM_ERRORS,
  ...REQUEST_ERRORS,
  ...ACCESS_ERRORS,
  ...RESOURCE_ERRORS,
  ...DICOM_NETWORK_ERRORS,
  ...MODEL_ERRORS,
  ...PROCESS_ERRORS,
} as const satisfies Record<string, ErrorDefinition>;

/** One of the closed set of error codes. */
export type ErrorCode = keyof typeof ERROR_DEFINITIONS;
