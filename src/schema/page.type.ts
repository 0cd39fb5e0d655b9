import { type ClassType, Extensions, Field, Int, ObjectType } from 'type-graphql';

/** Where a page lies in its list; of de-identified lists too. */
@Extensions({ deidentified: true })
@ObjectType('PageInfo', { description: 'Where a page lies in its list (Relay cursor connections).' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Entries follow this page.' })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Entries precede this page.' })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Cursor of the first entry; null when the page is empty.' })
  readonly startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the last entry; null when the page is empty.' })
  readonly endCursor!: string | null;
}

/** A page as the API gives it. */
export interface Connection<Row> {
  readonly edges: readonly { readonly node: Row; readonly cursor: string }[];
  readonly nodes: readonly Row[];
  readonly pageInfo: PageInfo;
  /** Called when it is asked for, since it costs a statement. */
  readonly totalCount: () => Promise<number>;
}

/**
 * Defines the connection and edge types of a node type.
 *
 * @param extensions - of both types
 */
export function connectionOf<Row extends object>(
  name: string,
  nodeType: () => ClassType<Row>,
  extensions: Readonly<Record<string, unknown>> = {},
) {
  @Extensions(extensions)
  @ObjectType(`${name}Edge`, { description: `One ${name} of a list and its cursor.` })
  class Edge {
    @Field(nodeType, { description: 'The entry.' })
    readonly node!: Row;

    @Field(() => String, { description: 'Opaque place of the entry in this order, for `after` and `before`.' })
    readonly cursor!: string;
  }

  @Extensions(extensions)
  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name} (Relay cursor connections).` })
  class ConnectionType {
    @Field(() => [Edge], { description: 'The entries, in order.' })
    readonly edges!: readonly Edge[];

    @Field(() => [nodeType()], { description: 'The entries without their cursors.' })
    readonly nodes!: readonly Row[];

    @Field(() => PageInfo, { description: 'Where the page lies in the list.' })
    readonly pageInfo!: PageInfo;

    @Field(() => Int, {
      description: 'Entries of the whole list, counted up to 10,000: that number means so many or more.',
      simple: true,
    })
    readonly totalCount!: number;
  }
  return ConnectionType;
}
