/** Of models and of readings. */
import { define, type ErrorDefinition } from './definition.ts';
import { OUT_OF_RESOURCES, PROCESSING_FAILURE } from './dicom-status.ts';

export const MODEL_ERRORS = {
  MODEL_NOT_ACTIVE: define(true, 503, OUT_OF_RESOURCES, 'Activate a model version (mutation activateModelVersion).'),
  MODEL_UNAVAILABLE: define(
    true,
    503,
    OUT_OF_RESOURCES,
    'Copy the whole folder of the version into MODELS_DIR of each machine that reads films.',
  ),
  MODEL_INVALID: define(false, 500, PROCESSING_FAILURE, 'Correct the model as the message says.'),
  MODEL_DIGEST_MISMATCH: define(
    false,
    500,
    PROCESSING_FAILURE,
    'Restore the model file: its bytes are not those registered.',
  ),
  MODEL_DOWNLOAD_FAILED: define(
    true,
    500,
    PROCESSING_FAILURE,
    'Run the import again: it goes on where the download stopped.',
  ),
  WORKER_CRASHED: define(true, 500, PROCESSING_FAILURE, 'The reading is tried again by itself.'),
  INFERENCE_TIMEOUT: define(
    true,
    500,
    PROCESSING_FAILURE,
    'The reading is tried again by itself; raise INFERENCE_TIMEOUT_MS on slow machines.',
  ),
  INFERENCE_CANCELLED: define(false, 409, PROCESSING_FAILURE, 'Request the inference again if it is wanted.'),
  INFERENCE_FAILED: define(
    true,
    500,
    PROCESSING_FAILURE,
    'The reading is tried again by itself; if it fails for good, look at the log.',
  ),
  ATTEMPTS_EXHAUSTED: define(
    false,
    500,
    PROCESSING_FAILURE,
    'Look at the log for the last error, then request the inference again.',
  ),
} satisfies Record<string, ErrorDefinition>;
