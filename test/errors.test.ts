import { describe, expect, it } from 'vitest';
import { deserializeError, ERROR_DEFINITIONS, GatewayError, serializeError, toGatewayError } from '../src/errors.ts';

describe('coded errors', () => {
  it('each say what to do', () => {
    for (const [code, { remedy, status }] of Object.entries(ERROR_DEFINITIONS)) {
      expect(`${code} ${remedy}`).toMatch(/\.$/);
      expect(status).toBeGreaterThanOrEqual(400);
    }
  });

  it('survive the way between threads', () => {
    const error = new GatewayError('NO_PIXEL_DATA', 'There are no pixels.', { sopInstanceUid: '1.2.3' });
    const restored = deserializeError(structuredClone(serializeError(error)));
    expect(restored).toMatchObject({ code: 'NO_PIXEL_DATA', message: error.message, details: error.details });
  });

  it('keep the meaning of a full disk and a lost database, and mask the rest', () => {
    const coded = (code: string) => toGatewayError(Object.assign(new Error('secret'), { code }));
    expect(coded('ENOSPC').code).toBe('STORAGE_FULL');
    expect(coded('ECONNREFUSED').code).toBe('DATABASE_UNAVAILABLE');
    const masked = coded('X');
    expect(masked.code).toBe('INTERNAL');
    expect(masked.message).not.toContain('secret');
    expect(masked.cause).toBeInstanceOf(Error);
  });
});
