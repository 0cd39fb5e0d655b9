import { Field, ObjectType } from 'type-graphql';
import { ModelVersion } from './model-version.type.ts';

/** A version whose description was brought up to its manifest. */
@ObjectType('UpdatedModelVersion', { description: 'A model version whose description was brought up to its manifest.' })
export class UpdatedModelVersion {
  @Field(() => ModelVersion, { description: 'The version, as it is now.' })
  readonly modelVersion!: ModelVersion;

  @Field(() => [String], { description: 'Names of the parts of the manifest that were updated.' })
  readonly changedParts!: readonly string[];
}

/** A folder that was not registered. */
@ObjectType('RefusedModelFolder', { description: 'A folder of MODELS_DIR that was not registered.' })
export class RefusedModelFolder {
  @Field(() => String, { description: 'Name of the folder.' })
  readonly folder!: string;

  @Field(() => String, {
    description:
      'Code of the error: MODEL_DIGEST_MISMATCH for bytes that are not those of the manifest, as while they are being copied; MODEL_INVALID for the rest.',
  })
  readonly code!: string;

  @Field(() => String, { description: 'What is wrong.' })
  readonly message!: string;
}

/** What became of the folders. */
@ObjectType('RegisterModelVersionsPayload', { description: 'What became of the folders of MODELS_DIR.' })
export class RegisterModelVersionsPayload {
  @Field(() => [ModelVersion], { description: 'Versions that are new.' })
  readonly registered!: readonly ModelVersion[];

  @Field(() => [UpdatedModelVersion], {
    description: 'Versions that were registered, with another description in their manifest.',
  })
  readonly updated!: readonly UpdatedModelVersion[];

  @Field(() => [ModelVersion], { description: 'Versions that were registered as they are.' })
  readonly known!: readonly ModelVersion[];

  @Field(() => [RefusedModelFolder], { description: 'Folders that were not registered; the others were all the same.' })
  readonly refused!: readonly RefusedModelFolder[];
}
