/** The part `card` of a manifest. */
import { z } from 'zod';
import { type CardKey, SOURCE_ATTRIBUTES } from './source-attributes.ts';

const LONGEST = 4000;

/** What people write where they know nothing. As a whole value it would make a missing attribute look like a stated one. */
const PLACEHOLDER =
  /^(unknown|not (known|available|applicable|stated|specified|provided)|none|n\/?a|tbd|tba|to be (done|defined|filled in)|missing|null|todo)[.!]?$/i;

const statement = z
  .string()
  .min(1)
  .max(LONGEST)
  .refine((value) => /[\p{L}\p{N}]/u.test(value), { message: 'must say something; leave out what is not known' })
  .refine((value) => !PLACEHOLDER.test(value.trim()), {
    message:
      'must be left out while it is missing, or say in a sentence why there is nothing ("Not published by the developer.")',
  });

const fields = Object.fromEntries(
  SOURCE_ATTRIBUTES.map(({ key, number, name }) => [key, statement.describe(`${number} ${name}`).optional()]),
) as Record<CardKey, z.ZodOptional<typeof statement>>;

/** The 31 source attributes, each a text or, while it is missing, absent. Unknown keys are refused. */
export const cardSchema = z.strictObject(fields);
