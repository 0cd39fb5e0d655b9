/** The bytes of a model are those that its manifest names, or they are not used. */
import { GatewayError } from '../errors.ts';

/** @throws GatewayError MODEL_DIGEST_MISMATCH unless the bytes found are those expected */
export function assertDigest(found: string, expected: string, folder: string, file: string): void {
  if (found !== expected) {
    throw new GatewayError(
      'MODEL_DIGEST_MISMATCH',
      `${folder}: file ${file} has SHA-256 ${found}, but the manifest says ${expected}.`,
    );
  }
}
