/**
 * The closed set of coded errors. Every failure that leaves the gateway carries one of these codes, and its text says
 * what to do. `retryable` tells whether the same request can succeed later without being changed.
 */
import { isDatabaseOutage } from './database-outage.ts';

interface ErrorDefinition {
  /** Whether the identical request may succeed later. */
  readonly retryable: boolean;
  /** HTTP status of a request that fails with this error alone (RFC 9110). */
  readonly status: number;
  /** DICOM failure reason or status (PS3.4 table B.2-1, PS3.18 table I.2-2). */
  readonly dicomStatus: number;
  /** What the caller should do; appended to every message. */
  readonly remedy: string;
}

const define = (retryable: boolean, status: number, dicomStatus: number, remedy: string): ErrorDefinition => ({
  retryable,
  status,
  dicomStatus,
  remedy,
});

/** Failure reasons of PS3.18 table I.2-2 and PS3.4 table B.2-1. */
const OUT_OF_RESOURCES = 0xa700;
const DATA_SET_MISMATCH = 0xa900;
const CANNOT_UNDERSTAND = 0xc000;
const TRANSFER_SYNTAX_NOT_SUPPORTED = 0xc122;
const PROCESSING_FAILURE = 0x0110;
const DUPLICATE_INSTANCE = 0x0111;
const SOP_CLASS_NOT_SUPPORTED = 0x0122;

/** Every code with its meaning. */
export const ERROR_DEFINITIONS = {
  // Films
  NOT_DICOM: define(false, 400, CANNOT_UNDERSTAND, 'Send a DICOM Part 10 file (PS3.10: 128-byte preamble, then DICM).'),
  TRUNCATED_FILE: define(false, 400, CANNOT_UNDERSTAND, 'Send the complete file again.'),
  MALFORMED_DICOM: define(
    false,
    400,
    CANNOT_UNDERSTAND,
    'Repair the file with the sending system, then send it again.',
  ),
  HEADER_TOO_LARGE: define(
    false,
    413,
    CANNOT_UNDERSTAND,
    'Remove large private attributes or raise DICOM_MAX_HEADER_BYTES.',
  ),
  MISSING_ATTRIBUTE: define(false, 400, DATA_SET_MISMATCH, 'Send the attribute that the message names.'),
  INVALID_ATTRIBUTE: define(false, 400, DATA_SET_MISMATCH, 'Correct the attribute that the message names.'),
  NO_PIXEL_DATA: define(false, 400, CANNOT_UNDERSTAND, 'Send an image object with Pixel Data (7FE0,0010).'),
  PIXEL_DATA_LENGTH_MISMATCH: define(
    false,
    400,
    CANNOT_UNDERSTAND,
    'Send a file whose Pixel Data is as long as Rows, Columns, Samples per Pixel and Bits Allocated say.',
  ),
  PIXEL_DATA_CORRUPT: define(
    false,
    400,
    CANNOT_UNDERSTAND,
    'Compare the film with its source and send it again; its compressed pixels cannot be decoded.',
  ),
  IMAGE_DIMENSIONS_UNSUPPORTED: define(
    false,
    400,
    DATA_SET_MISMATCH,
    'Send an image within the limits that the message names.',
  ),
  IMAGE_FORMAT_UNSUPPORTED: define(false, 400, DATA_SET_MISMATCH, 'Send a monochrome image of 8 to 16 bits.'),
  TRANSFER_SYNTAX_UNSUPPORTED: define(
    false,
    400,
    TRANSFER_SYNTAX_NOT_SUPPORTED,
    'Send the film in a transfer syntax of the conformance statement, such as Explicit VR Little Endian.',
  ),
  SOP_CLASS_UNSUPPORTED: define(false, 400, SOP_CLASS_NOT_SUPPORTED, 'Send image storage objects only.'),
  INSTANCE_CONFLICT: define(
    false,
    409,
    DUPLICATE_INSTANCE,
    'This SOP Instance UID is stored with other bytes; send the changed film under a new UID. Nothing was overwritten.',
  ),
  STUDY_MISMATCH: define(
    false,
    409,
    DATA_SET_MISMATCH,
    'Send the instance to the study that its Study Instance UID names.',
  ),
  INSTANCE_MISMATCH: define(
    false,
    409,
    DATA_SET_MISMATCH,
    'Send the film as the SOP class and instance that its data set names.',
  ),
  RECORD_CONFLICT: define(
    false,
    409,
    DATA_SET_MISMATCH,
    'A study or series UID of this film is stored under another patient or study; correct the identifiers at the source.',
  ),
  // Requests
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
  // Access
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
  // Resources
  BUSY: define(true, 503, OUT_OF_RESOURCES, 'Try again after the seconds that Retry-After gives.'),
  STORAGE_FULL: define(true, 503, OUT_OF_RESOURCES, 'Free space on the blob volume, then try again.'),
  DATABASE_UNAVAILABLE: define(true, 503, OUT_OF_RESOURCES, 'Try again shortly; if it lasts, look at the database.'),
  SHUTTING_DOWN: define(true, 503, OUT_OF_RESOURCES, 'Try again; another process or the restarted one will answer.'),
  BLOB_UNREADABLE: define(true, 500, PROCESSING_FAILURE, 'Look at the blob volume: the stored film cannot be read.'),
  // DICOM network
  DICOM_NODE_UNKNOWN: define(
    false,
    404,
    PROCESSING_FAILURE,
    'Name a node of DICOM_NODES_FILE that speaks the protocol needed.',
  ),
  DICOM_NODE_UNREACHABLE: define(
    true,
    502,
    PROCESSING_FAILURE,
    'Check that the node runs and that its host and port in DICOM_NODES_FILE are right.',
  ),
  DICOM_ASSOCIATION_REJECTED: define(
    false,
    502,
    PROCESSING_FAILURE,
    'Make the AE titles of both sides known to each other, then try again.',
  ),
  DICOM_NODE_FAILED: define(
    true,
    502,
    PROCESSING_FAILURE,
    'Look at the log of the node for the status that the message gives.',
  ),
  DICOM_NODE_REFUSED: define(
    false,
    502,
    PROCESSING_FAILURE,
    'The node would refuse the same request again: look at its log and at its entry in DICOM_NODES_FILE.',
  ),
  // Models and inference
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
  // The gateway itself
  CONFIG_INVALID: define(false, 500, PROCESSING_FAILURE, 'Correct the settings that the message lists.'),
  INTERNAL: define(
    true,
    500,
    PROCESSING_FAILURE,
    'Try again; if it lasts, give the request id to whoever runs the gateway.',
  ),
} as const satisfies Record<string, ErrorDefinition>;

/** One of the closed set of error codes. */
export type ErrorCode = keyof typeof ERROR_DEFINITIONS;

/** What may accompany an error; all of it may be shown to the caller. */
export interface ErrorDetails {
  /** SOP Instance UID of the film at fault, when it could be read. */
  readonly sopInstanceUid?: string;
  /** SOP Class UID of the film at fault, when it could be read. */
  readonly sopClassUid?: string;
  /** Seconds after which to try again. */
  readonly retryAfterSeconds?: number;
  /** Last cursor delivered, to resume from. */
  readonly lastCursor?: string;
  /** What is wrong with the credential, as far as the caller may know. */
  readonly credential?: 'MISSING' | 'INVALID' | 'EXPIRED';
  /** The limit that was passed, as its setting is called. */
  readonly limit?: string;
  /** What the request has of it. */
  readonly found?: number;
  /** What it may have. */
  readonly allowed?: number;
}

/** The one error class that crosses module borders. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  /**
   * @param code - one of the closed set
   * @param problem - what is wrong, as a sentence, without patient data; the code's remedy is appended
   */
  constructor(code: ErrorCode, problem: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(`${problem} ${ERROR_DEFINITIONS[code].remedy}`, options);
    this.code = code;
    this.details = details;
  }

  get retryable(): boolean {
    return ERROR_DEFINITIONS[this.code].retryable;
  }

  get status(): number {
    return ERROR_DEFINITIONS[this.code].status;
  }

  get dicomStatus(): number {
    return ERROR_DEFINITIONS[this.code].dicomStatus;
  }

  /** The same error with more details. */
  with(details: ErrorDetails): GatewayError {
    const copy = new GatewayError(this.code, '', { ...this.details, ...details }, { cause: this.cause });
    copy.message = this.message;
    return copy;
  }
}

/** A plain form that survives structured cloning between threads, where classes do not. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** Flattens an error for a message to another thread. */
export function serializeError(error: unknown): SerializedError {
  const coded = toGatewayError(error);
  return { code: coded.code, message: coded.message, details: coded.details };
}

/** Restores an error that {@link serializeError} flattened. */
export function deserializeError(serialized: SerializedError): GatewayError {
  const error = new GatewayError(serialized.code, '', serialized.details);
  error.message = serialized.message;
  return error;
}

/**
 * Turns whatever was thrown into a coded error: full disks and lost databases keep their meaning, everything else
 * becomes INTERNAL with the original as `cause` (for the log; never shown).
 */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new GatewayError('STORAGE_FULL', 'The blob volume is full.', {}, { cause: error });
  }
  if (isDatabaseOutage(error)) {
    return new GatewayError('DATABASE_UNAVAILABLE', 'The database does not answer.', {}, { cause: error });
  }
  return new GatewayError('INTERNAL', 'Something unexpected went wrong.', {}, { cause: error });
}
