/** Part `preprocessing`. */
import { z } from 'zod';
import { pixels, text } from './field-kinds.ts';

export const preprocessingSchema = z.strictObject({
  version: text.describe('name of the steps below; changes whenever one of them does'),
  grayscaleRule: text.describe('how stored values become 8-bit grey with lungs dark; one the gateway implements'),
  resize: z
    .strictObject({
      filter: z.literal('bilinear-antialiased').describe("triangle filter widened by the scale: Pillow's BILINEAR"),
      height: pixels.optional().describe('rows that the whole film is brought to before the crop; crops only'),
      width: pixels.optional().describe('columns that the whole film is brought to before the crop; crops only'),
      aspect: z
        .enum(['stretched', 'kept'])
        .optional()
        .describe('kept: the shorter side becomes height = width, the longer what follows; absent: stretched'),
    })
    .describe('the whole film is brought to this size, or to that of the input without a crop'),
  crop: z
    .enum(['none', 'center', 'ten'])
    .describe('ten: corners, centre and their mirror images, probabilities averaged; each of the size of the input'),
  divisor: z.number().positive().describe('grey values are divided by it (255 gives 0..1)'),
  mean: z.array(z.number()).describe('subtracted after the division, one a channel'),
  std: z.array(z.number().positive()).describe('divides last, one a channel'),
});
