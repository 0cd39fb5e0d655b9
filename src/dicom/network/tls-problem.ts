/** Why TLS with another node came to nothing, in words that say which side has to change what. */

const OF_NO_AUTHORITY = 'its certificate is not of an authority that the gateway trusts for it (caFile)';
const ASKS_FOR_CERTIFICATE =
  'it asks for a certificate of the gateway that it trusts (DIMSE_TLS_CERT_FILE and DIMSE_TLS_KEY_FILE)';
const TRUSTS_NOT = 'it does not trust the certificate of the gateway (DIMSE_TLS_CERT_FILE)';
const NO_COMMON_VERSION = 'it speaks no TLS of 1.2 or later with the gateway';

/** Error codes of OpenSSL and Node. Alerts (ERR_SSL_...ALERT...) are what the node says of the gateway. */
const PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet'],
  ['CERT_REVOKED', 'its certificate is revoked'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another host name'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', OF_NO_AUTHORITY],
  ['SELF_SIGNED_CERT_IN_CHAIN', OF_NO_AUTHORITY],
  ['UNABLE_TO_GET_ISSUER_CERT', OF_NO_AUTHORITY],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', OF_NO_AUTHORITY],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', OF_NO_AUTHORITY],
  ['CERT_SIGNATURE_FAILURE', OF_NO_AUTHORITY],
  ['CERT_UNTRUSTED', OF_NO_AUTHORITY],
  ['INVALID_CA', OF_NO_AUTHORITY],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'it does not speak TLS'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', ASKS_FOR_CERTIFICATE],
  ['ERR_SSL_TLSV1_ALERT_CERTIFICATE_REQUIRED', ASKS_FOR_CERTIFICATE],
  // Of TLS 1.2, where there is no alert of its own for a missing certificate; no common cipher ends the same way.
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', `${ASKS_FOR_CERTIFICATE}, or has no cipher suite in common with it`],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', TRUSTS_NOT],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', TRUSTS_NOT],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', TRUSTS_NOT],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', TRUSTS_NOT],
  ['ERR_SSL_TLSV1_ALERT_ACCESS_DENIED', TRUSTS_NOT],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'the certificate of the gateway (DIMSE_TLS_CERT_FILE) has expired'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', NO_COMMON_VERSION],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', NO_COMMON_VERSION],
]);

/** Errors are wrapped two or three times on their way from the socket. */
const DEEPEST_CAUSE = 5;

/** A write that fails is told as EPROTO, with the words of OpenSSL in its message. */
const REASON = /:SSL routines:[^:]*:([^:]+):/;

function codeOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reason = code === 'EPROTO' ? REASON.exec(error.message)?.[1] : undefined;
  return reason === undefined ? code : `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`;
}

/** What an error of a socket, or one of its causes, says of TLS; undefined when it says nothing of it. */
export function tlsProblem(error: unknown): string | undefined {
  let cause = error;
  for (let depth = 0; depth < DEEPEST_CAUSE && cause instanceof Error; depth += 1) {
    const code = codeOf(cause);
    const problem = PROBLEMS.get(code);
    if (problem !== undefined) return `${problem} (${code})`;
    cause = cause.cause;
  }
  return undefined;
}
