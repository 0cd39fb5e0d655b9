import { FieldResolver, Resolver, Root } from 'type-graphql';
import { ModelInput, ModelLabel, ModelVersion } from '../schema/model-version.type.ts';
import { Json, JsonObject } from '../schema/scalars.ts';
import type { ModelVersionRow } from '../store/reads/tables.ts';
import { readManifest } from './model-manifest.ts';

/** Fields of model versions that their manifest holds. */
@Resolver(() => ModelVersion)
export class ModelManifestResolver {
  @FieldResolver(() => String, { description: 'What the model is, in a sentence.' })
  description(@Root() { manifest }: ModelVersionRow): string {
    return readManifest(manifest).description;
  }

  @FieldResolver(() => [ModelLabel], { description: 'What it looks for, in the order of its outputs.' })
  labels(@Root() { manifest }: ModelVersionRow): readonly ModelLabel[] {
    return readManifest(manifest).labels;
  }

  @FieldResolver(() => ModelInput, { description: 'Size of the image that it reads.' })
  input(@Root() { manifest }: ModelVersionRow): ModelInput {
    return readManifest(manifest).input;
  }

  @FieldResolver(() => String, {
    description: 'How a film becomes its input: grey value rule and steps, as `rule/steps`.',
  })
  preprocessingVersion(@Root() { manifest }: ModelVersionRow): string {
    const { grayscaleRule, version } = readManifest(manifest).preprocessing;
    return `${grayscaleRule}/${version}`;
  }

  @FieldResolver(() => JsonObject, {
    description: 'The whole manifest as registered: inputs, outputs, labels, preprocessing, provenance.',
  })
  manifest(@Root() { manifest }: ModelVersionRow): unknown {
    return manifest;
  }

  @FieldResolver(() => Json, {
    nullable: true,
    description: 'How well it read test films, as registered with it; null when nothing was measured.',
  })
  metrics(@Root() { metrics }: ModelVersionRow): unknown {
    return metrics;
  }
}
