import { ERROR_DEFINITIONS, type ErrorCode } from './definitions.ts';

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
