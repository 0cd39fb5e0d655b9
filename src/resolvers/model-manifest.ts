/** The parts of a stored manifest that have fields of their own. It was checked when the version was registered. */
import { z } from 'zod';
import { GatewayError } from '../errors.ts';

const schema = z.object({
  description: z.string(),
  labels: z.array(z.object({ name: z.string(), threshold: z.number() })),
  input: z.object({ height: z.int(), width: z.int(), channels: z.int() }),
  preprocessing: z.object({ version: z.string(), grayscaleRule: z.string() }),
});

/** @throws GatewayError MODEL_INVALID when the stored manifest is of another form */
export function readManifest(manifest: unknown): z.infer<typeof schema> {
  const parsed = schema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  throw new GatewayError('MODEL_INVALID', 'The manifest stored with this model version has another form.');
}
