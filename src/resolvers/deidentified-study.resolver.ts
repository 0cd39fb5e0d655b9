import { Arg, Args, Authorized, Ctx, Extensions, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { DEIDENTIFIED, READS_DEIDENTIFIED } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { DeidentifiedPageArguments, DeidentifiedStudyFilterInput } from '../schema/deidentified.input.ts';
import {
  DeidentifiedFinding,
  DeidentifiedInstance,
  DeidentifiedSeries,
  DeidentifiedStudy,
  DeidentifiedStudyConnection,
} from '../schema/deidentified.type.ts';
import type { Connection } from '../schema/page.type.ts';
import { DicomUid } from '../schema/scalars.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { listDeidentifiedStudies } from '../store/reads/deidentified.ts';
import type { GatewayContext } from './context.ts';
import {
  clinicalLoaders,
  clinicalReader,
  deidentifiedFinding,
  deidentifiedInstance,
  deidentifiedSeries,
  deidentifiedStudy,
} from './deidentified-views.ts';

/** De-identified studies. */
@Resolver(() => DeidentifiedStudy)
export class DeidentifiedStudyResolver {
  @Authorized<AccessRole>(READS_DEIDENTIFIED)
  @Extensions(DEIDENTIFIED)
  @Query(() => DeidentifiedStudy, {
    nullable: true,
    description: 'A study without its identity by its pseudonym; null when there is none.',
  })
  async deidentifiedStudy(
    @Arg('id', () => DicomUid, { description: 'Pseudonym of the study.' }) pseudonym: string,
    @Ctx() context: GatewayContext,
  ): Promise<DeidentifiedStudy | null> {
    const { pseudonyms } = context.services;
    const id = pseudonyms.idOf('study', pseudonym);
    const row = id === undefined ? null : await clinicalLoaders(context).studies.load(id);
    return row === null ? null : deidentifiedStudy(row, pseudonyms);
  }

  @Authorized<AccessRole>(READS_DEIDENTIFIED)
  @Extensions(DEIDENTIFIED)
  @Query(() => DeidentifiedStudyConnection, {
    description: 'Studies without their identity, page by page, in an order that says nothing of when they came.',
  })
  async deidentifiedStudies(
    @Args(() => DeidentifiedPageArguments) { first, after }: DeidentifiedPageArguments,
    @Arg('filter', () => DeidentifiedStudyFilterInput, { nullable: true, description: 'Which studies; default: all.' })
    filter: DeidentifiedStudyFilterInput | null,
    @Ctx() context: GatewayContext,
  ): Promise<Connection<DeidentifiedStudy>> {
    const { pseudonyms } = context.services;
    const place = after ? pseudonyms.idOf('study', after) : undefined;
    if (after && place === undefined) {
      throw new GatewayError('CURSOR_INVALID', 'This is not a cursor of this list.');
    }
    const { label, positive = null, minimumProbability = null } = filter ?? {};
    const conditions = { labels: typeof label === 'string' ? [label] : null, positive, minimumProbability };
    const page = await listDeidentifiedStudies(clinicalReader(context), conditions, first, place);
    clinicalLoaders(context).studies.remember(page.rows);
    const nodes = page.rows.map((row) => deidentifiedStudy(row, pseudonyms));
    return {
      edges: nodes.map((node) => ({ node, cursor: node.id })),
      nodes,
      pageInfo: {
        hasNextPage: page.hasNextPage,
        hasPreviousPage: place !== undefined,
        startCursor: nodes[0]?.id ?? null,
        endCursor: nodes.at(-1)?.id ?? null,
      },
      totalCount: page.count,
    };
  }

  @FieldResolver(() => [DeidentifiedSeries], { description: 'Its series; 1,000 at most.' })
  async series(
    @Root() { row }: DeidentifiedStudy,
    @Ctx() context: GatewayContext,
  ): Promise<readonly DeidentifiedSeries[]> {
    const rows = await clinicalLoaders(context).seriesOfStudy.load(row.id);
    return rows.map((each) => deidentifiedSeries(each, context.services.pseudonyms));
  }

  @FieldResolver(() => [DeidentifiedInstance], { description: 'The films of all its series; 1,000 at most.' })
  async instances(
    @Root() { row }: DeidentifiedStudy,
    @Ctx() context: GatewayContext,
  ): Promise<readonly DeidentifiedInstance[]> {
    const rows = await clinicalLoaders(context).instancesOfStudy.load(row.id);
    return rows.map((each) => deidentifiedInstance(each, context.services.pseudonyms));
  }

  @FieldResolver(() => [DeidentifiedFinding], {
    description: 'The findings of all its readings, most probable first within a reading; 1,000 at most.',
  })
  async findings(
    @Root() { row }: DeidentifiedStudy,
    @Ctx() context: GatewayContext,
  ): Promise<readonly DeidentifiedFinding[]> {
    return (await clinicalLoaders(context).findingsOfStudy.load(row.id)).map(deidentifiedFinding);
  }
}
