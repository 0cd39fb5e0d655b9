import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { AccessRole, AuditAction, AuditOutcome, IdentityKind } from './enums.ts';
import { connectionOf } from './page.type.ts';
import { DateTime, JsonObject, SafeInt } from './scalars.ts';

/** Kinds of data. */
export const AuditedData = {
  PATIENT: 'PATIENT',
  STUDY: 'STUDY',
  INSTANCE: 'INSTANCE',
  INFERENCE: 'INFERENCE',
  FINDING: 'FINDING',
  MODEL_VERSION: 'MODEL_VERSION',
} as const;

registerEnumType(AuditedData, {
  name: 'AuditedData',
  description: 'What kind of data an access was about.',
  valuesConfig: {
    PATIENT: { description: 'Who the patient is.' },
    STUDY: { description: 'What was done when.' },
    INSTANCE: { description: 'Films, also as pictures.' },
    INFERENCE: { description: 'Readings and their state.' },
    FINDING: { description: 'What was found, also where on the film.' },
    MODEL_VERSION: { description: 'What read the films.' },
  },
});

/** Who saw or did what. */
@ObjectType('AuditRecord', {
  description: 'Who saw or did what: one row of the audit, which is append-only and chained by hashes.',
})
export class AuditRecord {
  @Field(() => SafeInt, { description: 'Place in the chain: 1, 2, 3 ... without a gap.' })
  readonly position!: number;

  @Field(() => String, {
    description: 'SHA-256 over this record and the hash before, hexadecimal; `cxr-gateway audit verify` checks it.',
  })
  readonly hash!: string;

  @Field(() => DateTime, { description: 'When it happened.' })
  readonly occurredAt!: Date;

  @Field(() => String, {
    description:
      'Who, stable and unique: `oidc:<issuer>#<sub>`, `api-key:<id>`, `dicom:<AE title>`, `command-line:<user>`, `system` or `anonymous`.',
  })
  readonly subject!: string;

  @Field(() => IdentityKind, { description: 'What proved who it was.' })
  readonly identityKind!: IdentityKind;

  @Field(() => String, { nullable: true, description: 'Name for people to read, as it was known then.' })
  readonly displayName!: string | null;

  @Field(() => [AccessRole], { description: 'Roles that it had then.' })
  readonly roles!: readonly AccessRole[];

  @Field(() => String, {
    nullable: true,
    description: 'Network address that it came from; null for the command line and the gateway itself.',
  })
  readonly sourceAddress!: string | null;

  @Field(() => String, { nullable: true, description: 'Names the request, also in the log.' })
  readonly requestId!: string | null;

  @Field(() => String, {
    description: 'What was called, without values: `query study`, `GET /instances/:uid/preview.png`, `C-STORE`.',
  })
  readonly operation!: string;

  @Field(() => AuditAction, { description: 'What was done.' })
  readonly action!: AuditAction;

  @Field(() => String, { description: 'Purpose of use: a code of the HL7 v3 code system ActReason, such as TREAT.' })
  readonly purpose!: string;

  @Field(() => AuditOutcome, { description: 'How it ended.' })
  readonly outcome!: AuditOutcome;

  @Field(() => String, { nullable: true, description: 'Code of the error that it ended with.' })
  readonly errorCode!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why the record was opened without a grant; null where nothing was opened for it.',
  })
  readonly breakGlassReason!: string | null;

  @Field(() => [AuditedData], { description: 'What kinds of data it was about.' })
  readonly data!: readonly (keyof typeof AuditedData)[];

  @Field(() => ID, { nullable: true, description: 'Global id of the opening without a grant that made it possible.' })
  readonly breakGlassId!: string | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the patient.' })
  readonly patientId!: string | null;

  @Field(() => [ID], { description: 'Global ids of the studies.' })
  readonly studyIds!: readonly string[];

  @Field(() => [ID], { description: 'Global ids of the instances.' })
  readonly instanceIds!: readonly string[];

  @Field(() => [ID], { description: 'Global ids of the inferences.' })
  readonly inferenceIds!: readonly string[];

  @Field(() => [ID], { description: 'Global ids of the findings.' })
  readonly findingIds!: readonly string[];

  @Field(() => [ID], { description: 'Global ids of the model versions.' })
  readonly modelVersionIds!: readonly string[];

  @Field(() => JsonObject, { nullable: true, description: "What else is worth knowing; never a patient's data." })
  readonly details!: Readonly<Record<string, unknown>> | null;
}

/** A page of records. */
export const AuditRecordConnection = connectionOf('AuditRecord', () => AuditRecord);

/** The end of the chain. */
@ObjectType('AuditHead', {
  description:
    'The end of the chain. Kept elsewhere, it proves later that nothing up to it was altered: `cxr-gateway audit verify --expect`.',
})
export class AuditHead {
  @Field(() => SafeInt, { description: 'Position of the last record.' })
  readonly position!: number;

  @Field(() => String, { description: 'Its hash, SHA-256 in hexadecimal.' })
  readonly hash!: string;

  @Field(() => String, { description: "Names this database's chain; a UUID." })
  readonly chain!: string;
}
