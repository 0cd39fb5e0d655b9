import { Field, InputType, registerEnumType } from 'type-graphql';
import type { ModelVersionFilter } from '../store/reads/model-versions.ts';
import { ModelState, OrderDirection } from './enums.ts';

/** Which model versions. */
@InputType('ModelVersionFilter', { description: 'Which model versions; all conditions must hold.' })
export class ModelVersionFilterInput implements ModelVersionFilter {
  @Field(() => String, { nullable: true, description: 'Exact name of the model.' })
  readonly name?: string | null;

  @Field(() => [ModelState], { nullable: true, description: 'In one of these states.' })
  readonly states?: readonly ModelState[] | null;
}

export const ModelVersionOrderField = { CREATED_AT: 'CREATED_AT' } as const;

registerEnumType(ModelVersionOrderField, {
  name: 'ModelVersionOrderField',
  description: 'What model versions are ordered by.',
  valuesConfig: { CREATED_AT: { description: 'When they were registered.' } },
});

/** In which order. */
@InputType('ModelVersionOrder', { description: 'Order of model versions.' })
export class ModelVersionOrder {
  @Field(() => ModelVersionOrderField, { description: 'What to order by.' })
  readonly field!: keyof typeof ModelVersionOrderField;

  @Field(() => OrderDirection, { description: 'In which direction.' })
  readonly direction!: keyof typeof OrderDirection;
}
