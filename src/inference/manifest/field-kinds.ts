/** Kinds of fields that several parts have. */
import { z } from 'zod';

export const text = z.string().min(1);
export const probability = z.number().min(0).max(1);
export const pixels = z.int().min(16).max(4096);

export const digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
