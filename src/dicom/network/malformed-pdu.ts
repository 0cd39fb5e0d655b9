/** Why an association is aborted by the upper layer (PS3.8 section 9.3.8); values of the Reason field. */
export const ABORT_REASONS = {
  NOT_SPECIFIED: 0,
  UNRECOGNIZED_PDU: 1,
  UNEXPECTED_PDU: 2,
  UNRECOGNIZED_PARAMETER: 4,
  UNEXPECTED_PARAMETER: 5,
  INVALID_PARAMETER: 6,
} as const;

/** Name of an abort reason. */
export type AbortReason = keyof typeof ABORT_REASONS;

/** What a peer sent breaks the protocol. Stays within this folder: the association turns it into A-ABORT and a GatewayError. */
export class MalformedPdu extends Error {
  override readonly name = 'MalformedPdu';
  readonly reason: AbortReason;

  /** @param problem - a sentence, without anything the peer sent */
  constructor(reason: AbortReason, problem: string) {
    super(problem);
    this.reason = reason;
  }
}
