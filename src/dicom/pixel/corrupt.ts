import { GatewayError } from '../../errors.ts';

/** PIXEL_DATA_CORRUPT: the compressed pixels are not what the header or their own format says. */
export function corrupt(problem: string, cause?: unknown): GatewayError {
  return new GatewayError('PIXEL_DATA_CORRUPT', problem, {}, { cause });
}
