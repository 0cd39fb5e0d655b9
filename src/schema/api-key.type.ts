import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { AccessRole } from './enums.ts';
import { DateTime, DicomUid } from './scalars.ts';

export const ApiKeyState = {
  ACCEPTED: 'ACCEPTED',
  REPLACED: 'REPLACED',
  EXPIRED: 'EXPIRED',
  REVOKED: 'REVOKED',
} as const;

registerEnumType(ApiKeyState, {
  name: 'ApiKeyState',
  description: 'Whether an API key lets anybody in.',
  valuesConfig: {
    ACCEPTED: { description: 'It does.' },
    REPLACED: { description: 'It does, until it expires soon: another key has taken its place.' },
    EXPIRED: { description: 'It does not: its time is over.' },
    REVOKED: { description: 'It does not: somebody ended it.' },
  },
});

/** A key by which a machine proves who it is. */
@ObjectType('ApiKey', {
  description: 'A key by which a machine proves who it is. Its secret is shown once, when it is made.',
})
export class ApiKey {
  @Field(() => ID, { description: 'Names the key; its identity in the audit is `api-key:<id>`.' })
  readonly id!: string;

  @Field(() => String, { description: 'What it is called.' })
  readonly name!: string;

  @Field(() => [AccessRole], { description: 'What it may do.' })
  readonly roles!: readonly AccessRole[];

  @Field(() => [String], { description: 'Assigning authorities whose patients it may see; `*`: all.' })
  readonly issuers!: readonly string[];

  @Field(() => [DicomUid], { description: 'Study Instance UIDs of studies that it may see besides.' })
  readonly studies!: readonly string[];

  @Field(() => Boolean, { description: 'It sees de-identified views only, whatever its roles.' })
  readonly deidentifiedOnly!: boolean;

  @Field(() => String, { description: 'Who made it.' })
  readonly createdBy!: string;

  @Field(() => DateTime, { description: 'When it was made.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, { description: 'From when on it is refused.' })
  readonly expiresAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it was last used, to the minute.' })
  readonly lastUsedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was revoked.' })
  readonly revokedAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'Who revoked it.' })
  readonly revokedBy!: string | null;

  @Field(() => ID, { nullable: true, description: 'The key that has taken its place by rotation.' })
  readonly replacedById!: string | null;
}

/** A key and the only sight of its secret. */
@ObjectType('ApiKeyPayload', { description: 'A new API key with its secret.' })
export class ApiKeyPayload {
  @Field(() => ApiKey, { description: 'The key.' })
  readonly apiKey!: ApiKey;

  @Field(() => String, {
    description:
      'To be sent as `Authorization: Bearer` or `X-API-Key`. Shown now and never again: only its hash is kept.',
  })
  readonly secret!: string;
}

/** A revoked key. */
@ObjectType('RevokeApiKeyPayload', { description: 'A revoked API key.' })
export class RevokeApiKeyPayload {
  @Field(() => ApiKey, { description: 'The key, now revoked.' })
  readonly apiKey!: ApiKey;
}

/** A revoked identity. */
@ObjectType('RevokeIdentityPayload', { description: 'A revoked identity.' })
export class RevokeIdentityPayload {
  @Field(() => String, { description: 'Who.' })
  readonly subject!: string;

  @Field(() => DateTime, { description: 'Tokens that were issued up to then are refused.' })
  readonly revokedAt!: Date;
}
