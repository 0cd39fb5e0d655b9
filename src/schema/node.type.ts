import { Field, ID, InterfaceType } from 'type-graphql';

/** What has a global id. */
@InterfaceType('Node', {
  description: 'An object that can be asked for again by its id (query node).',
  resolveType: (value: { readonly __typename: string }) => value.__typename,
})
export abstract class Node {
  @Field(() => ID, { description: 'Global id: opaque, stable, unique among all objects.' })
  readonly id!: string;
}
