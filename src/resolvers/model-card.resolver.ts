import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { ModelCard } from '../schema/model-card.type.ts';
import { ModelVersion } from '../schema/model-version.type.ts';
import type { ModelVersionRow } from '../store/reads/tables.ts';
import type { GatewayContext } from './context.ts';

/** The card of a model version, for everybody who sees findings: they are to know what they rely on. */
@Resolver(() => ModelVersion)
export class ModelCardResolver {
  @FieldResolver(() => ModelCard, {
    description:
      'What it states about itself: developer, purpose, limits, training data, figures; and what is missing.',
  })
  card(@Root() { manifest }: ModelVersionRow, @Ctx() { services: { models } }: GatewayContext): ModelCard {
    return models.cardOf(manifest);
  }
}
