/** Validators of exported audit messages; where the schemas come from is in schemas/README.md. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import draft6 from 'ajv/dist/refs/json-schema-draft-06.json' with { type: 'json' };
import { RelaxNGValidator, XmlDocument } from 'libxml2-wasm';

const SCHEMAS = join(import.meta.dirname, 'schemas');

/** Both throw with the reason for what is not valid. */
export interface AuditSchemas extends Disposable {
  /** DICOM PS3.15 A.5.1. */
  validateDicom(message: string): void;
  /** HL7 FHIR R4 AuditEvent. */
  validateFhir(resource: unknown): void;
}

export async function loadAuditSchemas(): Promise<AuditSchemas> {
  using grammar = XmlDocument.fromBuffer(await readFile(join(SCHEMAS, 'dicom-audit-message.rng')));
  const relaxNg = RelaxNGValidator.fromDoc(grammar);
  // The formats of the schema are patterns, which ajv checks; draft-06 has no keyword that draft-07 reads otherwise.
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addMetaSchema(draft6);
  const schema = JSON.parse(await readFile(join(SCHEMAS, 'fhir-r4-audit-event.schema.json'), 'utf8'));
  const valid = ajv.compile(schema);
  return {
    validateDicom: (message) => {
      using document = XmlDocument.fromString(message);
      relaxNg.validate(document);
    },
    validateFhir: (resource) => {
      if (!valid(resource)) throw new Error(ajv.errorsText(valid.errors));
    },
    [Symbol.dispose]: () => relaxNg.dispose(),
  };
}
