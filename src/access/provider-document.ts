/** JSON documents of an identity provider: bounded in time and size, from the address that was named and no other. */
import { collectBytes } from '../collect-bytes.ts';
import { GatewayError } from '../errors.ts';

/** Longest wait for a whole document. */
const TIMEOUT_MS = 5000;

/** The JWKS of large providers has 10 to 20 KB, certificates included. */
const LARGEST_DOCUMENT_BYTES = 512 * 1024;

/** @throws GatewayError IDENTITY_PROVIDER_UNAVAILABLE when it cannot be had, is too large, or is no JSON object */
export async function fetchDocument(url: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      // A redirect would let whoever controls it choose where keys come from.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      throw unavailable(`answers ${response.status}`);
    }
    const tooLong = () => unavailable(`sends more than ${LARGEST_DOCUMENT_BYTES} bytes`);
    const bytes = await collectBytes(response.body, LARGEST_DOCUMENT_BYTES, tooLong);
    const content: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof content !== 'object' || content === null || Array.isArray(content)) {
      throw unavailable('sends no JSON object');
    }
    return content as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw unavailable('does not answer as it should', error);
  }
}

/** @param problem - as the end of a sentence about the provider */
export function unavailable(problem: string, cause?: unknown): GatewayError {
  const text = `The identity provider ${problem}, so tokens cannot be checked.`;
  return new GatewayError('IDENTITY_PROVIDER_UNAVAILABLE', text, {}, { cause });
}
