/** The DICOM JSON Model (PS3.18 annex F) as nodes answer in it. */
import type { Identifier } from '../../dicom/network/query/identifier.ts';
import { GatewayError } from '../../errors.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** @throws GatewayError DICOM_NODE_FAILED when the bytes are no JSON */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new GatewayError('DICOM_NODE_FAILED', 'The node answers with something that is no JSON.', {}, { cause });
  }
}

/** The data sets of an answer: a list of them, or one. What is no object is left out. */
export function dataSetsOf(json: unknown): readonly JsonObject[] {
  return (Array.isArray(json) ? json : [json]).filter(isObject);
}

/** Values of an attribute. */
export function valuesOf(dataSet: JsonObject, tag: string): readonly unknown[] {
  const attribute = dataSet[tag.toUpperCase()];
  const values = isObject(attribute) ? attribute.Value : undefined;
  return Array.isArray(values) ? values : [];
}

/** The texts of a data set, read as those of a C-FIND answer are. */
export function toIdentifier(dataSet: JsonObject): Identifier {
  const strings = (tag: string) => valuesOf(dataSet, tag).map(textOf);
  return { strings, text: (tag) => strings(tag)[0] || null };
}

/** Numbers as text; names as their component groups (PS3.18 section F.2.2); anything else is nothing. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value.replace(/\p{Cc}/gu, '').trim();
  if (typeof value === 'number') return String(value);
  if (!isObject(value)) return '';
  const groups = [value.Alphabetic, value.Ideographic, value.Phonetic].map((group) =>
    typeof group === 'string' ? textOf(group) : '',
  );
  return groups.join('=').replace(/=+$/, '');
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
