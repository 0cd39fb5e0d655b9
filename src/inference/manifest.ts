/**
 * The manifest of a model version: everything that is needed to use exactly these ONNX bytes in the way they were
 * trained and measured. It lies as `manifest.json` beside the ONNX file; nothing about a model is wired into code.
 */
import type { z } from 'zod';
import { GatewayError } from '../errors.ts';
import { contradictionsIn } from './manifest/contradictions.ts';
import { manifestFields } from './manifest/manifest-fields.ts';
import { MANIFEST_FILE } from './serving-manifest.ts';

/** Of a message: a file that is no manifest at all can be wrong in every line. */
const MOST_PROBLEMS = 20;
const LONGEST_PROBLEM = 500;

/** Schema of `manifest.json`. */
export const modelManifestSchema = manifestFields.superRefine((manifest, context) => {
  for (const [path, message] of contradictionsIn(manifest)) context.addIssue({ code: 'custom', path, message });
});

/** A checked manifest. */
export type ModelManifest = z.infer<typeof modelManifestSchema>;

/**
 * Checks a manifest.
 *
 * @param json - content of `manifest.json`
 * @param folder - name of its folder, for messages
 * @throws GatewayError MODEL_INVALID naming the folder and the wrong fields, the first 20
 */
export function parseManifest(json: string, folder: string): ModelManifest {
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch (cause) {
    throw new GatewayError('MODEL_INVALID', `${folder}/${MANIFEST_FILE} is not JSON.`, {}, { cause });
  }
  const parsed = modelManifestSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const problems = issues
    .slice(0, MOST_PROBLEMS)
    .map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`.slice(0, LONGEST_PROBLEM));
  if (issues.length > MOST_PROBLEMS) problems.push(`and ${issues.length - MOST_PROBLEMS} more`);
  throw new GatewayError('MODEL_INVALID', `${folder}/${MANIFEST_FILE} is wrong: ${problems.join('; ')}.`);
}
