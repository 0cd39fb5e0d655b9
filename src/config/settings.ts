/**
 * What the parts of the configuration have in common: the kinds of settings, and how wrong ones are reported.
 *
 * Each part has three things: a table of its settings by variable (type, bounds, default; the description is what
 * `cxr-gateway settings` prints), its slice of Config, and the function that makes the slice of the settings and checks
 * those that only fit together. src/config.ts puts the parts together.
 */
import { z } from 'zod';
import { GatewayError } from '../errors.ts';

/** What the settings of a part become when they are right. */
export type Values<Settings extends z.ZodRawShape> = z.infer<z.ZodObject<Settings>>;

/** Bytes. */
export const MEBIBYTE = 1024 * 1024;

/**
 * A whole number in decimal digits.
 *
 * @param minimum - least allowed value
 * @param maximum - greatest allowed value
 * @param preset - value when the variable is absent
 */
export function integer(minimum: number, maximum: number, preset: number) {
  return z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(minimum, `must be at least ${minimum}`).max(maximum, `must be at most ${maximum}`))
    .default(preset);
}

/**
 * The texts between commas, without the spaces around them and without empty ones.
 *
 * @param text - value of a variable
 */
export function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/**
 * The error that ends a start with wrong settings.
 *
 * @param problems - each 'VARIABLE: what to set'
 */
export function wrongSettings(problems: readonly string[]): GatewayError {
  const lines = problems.map((problem) => `  ${problem}`);
  return new GatewayError('CONFIG_INVALID', `${problems.length} setting(s) are wrong:\n${lines.join('\n')}\n`);
}
