import { Field, Float, ID, InputType } from 'type-graphql';
import { AccessRole } from './enums.ts';
import { DicomUid } from './scalars.ts';

/** A key to be made. */
@InputType('CreateApiKeyInput', { description: 'What an API key is for.' })
export class CreateApiKeyInput {
  @Field(() => String, { description: 'What to call it, such as the system that uses it: 1 to 200 characters.' })
  readonly name!: string;

  @Field(() => [AccessRole], { description: 'What it may do; one role at least.' })
  readonly roles!: AccessRole[];

  @Field(() => [String], {
    defaultValue: [],
    description: 'Assigning authorities whose patients it may see; `*`: all. No more than its maker may see.',
  })
  readonly issuers!: string[];

  @Field(() => [DicomUid], { defaultValue: [], description: 'Study Instance UIDs of studies that it may see besides.' })
  readonly studies!: string[];

  @Field(() => Boolean, { defaultValue: false, description: 'It sees de-identified views only, whatever its roles.' })
  readonly deidentifiedOnly!: boolean;

  @Field(() => Float, { defaultValue: 90, description: 'Days for which it is accepted: above 0, at most 400.' })
  readonly expiresInDays!: number;
}

/** How a key is replaced. */
@InputType('RotateApiKeyInput', { description: 'How an API key is replaced by a new one with the same grants.' })
export class RotateApiKeyInput {
  @Field(() => ID, { description: 'The key to replace.' })
  readonly id!: string;

  @Field(() => Float, { defaultValue: 24, description: 'Hours for which the old key is accepted yet: 0 to 720.' })
  readonly graceHours!: number;

  @Field(() => Float, {
    nullable: true,
    description:
      'Days for which the new key is accepted: above 0, at most 400. Default: as long as the old one was made for.',
  })
  readonly expiresInDays?: number | null;
}
