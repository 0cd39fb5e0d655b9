import { Arg, Authorized, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { hasRole, READS_FINDINGS, REVIEWS_FINDINGS, SEES_REVIEWERS } from '../access/permissions.ts';
import { Finding } from '../schema/finding.type.ts';
import { RecordMissedFindingInput, RecordReviewInput } from '../schema/finding-review.input.ts';
import { FindingReview, RecordMissedFindingPayload, RecordReviewPayload } from '../schema/finding-review.type.ts';
import { fromGlobalId } from '../schema/global-id.ts';
import { Inference } from '../schema/inference.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import type { FindingReviewRow, FindingRow, InferenceRow } from '../store/reads/tables.ts';
import { actorIn, type GatewayContext, renewLoaders } from './context.ts';
import { present } from './present.ts';

/** Reviews of findings. */
@Resolver(() => FindingReview)
export class FindingReviewResolver {
  @Authorized<AccessRole>(REVIEWS_FINDINGS)
  @Mutation(() => RecordReviewPayload, {
    description:
      'Says whether a finding is right, a positive or a negative one. To change a verdict record another: the newest of a reviewer counts. NOT_FOUND for a finding that is not visible.',
  })
  async recordReview(
    @Arg('input', () => RecordReviewInput, { description: 'Which finding, and the verdict.' }) input: RecordReviewInput,
    @Ctx() context: GatewayContext,
  ): Promise<RecordReviewPayload> {
    const findingId = fromGlobalId('Finding', input.findingId);
    const { verdict, comment = null } = input;
    const by = actorIn(context);
    const { scope } = context.reader;
    const id = await context.services.store.reviews.record({ findingId, verdict, comment, scope, by });
    renewLoaders(context);
    const { findingReviews, findings } = context.loaders;
    const [review, finding] = await Promise.all([findingReviews.load(id), findings.load(findingId)]);
    return { review: present(review), finding: present(finding) };
  }

  @Authorized<AccessRole>(REVIEWS_FINDINGS)
  @Mutation(() => RecordMissedFindingPayload, {
    description:
      'Says that a reading lacks a finding. INVALID_STATE when the reading is not done, or has found it. NOT_FOUND for a reading that is not visible.',
  })
  async recordMissedFinding(
    @Arg('input', () => RecordMissedFindingInput, { description: 'Which reading, and what it lacks.' })
    input: RecordMissedFindingInput,
    @Ctx() context: GatewayContext,
  ): Promise<RecordMissedFindingPayload> {
    const inferenceId = fromGlobalId('Inference', input.inferenceId);
    const { label, comment = null } = input;
    const by = actorIn(context);
    const { scope } = context.reader;
    const id = await context.services.store.reviews.recordMissed({ inferenceId, label, comment, scope, by });
    renewLoaders(context);
    const { findingReviews, inferences } = context.loaders;
    const [review, inference] = await Promise.all([findingReviews.load(id), inferences.load(inferenceId)]);
    return { review: present(review), inference: present(inference) };
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'Subject of the reviewer; null but for administrators, auditors and the reviewer.',
  })
  reviewer(@Root() review: FindingReviewRow, @Ctx() context: GatewayContext): string | null {
    return isFor(review, context) ? review.reviewer : null;
  }

  @FieldResolver(() => String, { nullable: true, description: 'Name of the reviewer, where `reviewer` is shown.' })
  reviewerName(@Root() review: FindingReviewRow, @Ctx() context: GatewayContext): string | null {
    return isFor(review, context) ? review.reviewerName : null;
  }

  @FieldResolver(() => String, { nullable: true, description: 'What the reviewer adds, where `reviewer` is shown.' })
  comment(@Root() review: FindingReviewRow, @Ctx() context: GatewayContext): string | null {
    return isFor(review, context) ? review.comment : null;
  }
}

/** The reviews of a finding. */
@Resolver(() => Finding)
export class ReviewsOfFindingResolver {
  @FieldResolver(() => [FindingReview], { description: 'What clinicians say of it, newest first; 1,000 at most.' })
  async reviews(@Root() { id }: FindingRow, @Ctx() { loaders }: GatewayContext): Promise<readonly FindingReview[]> {
    return loaders.reviewsOfFinding.load(id);
  }
}

/** What a reading has missed. */
@Resolver(() => Inference)
export class MissedFindingsResolver {
  @Authorized<AccessRole>(READS_FINDINGS)
  @FieldResolver(() => [FindingReview], {
    description: 'What clinicians say that it has missed, newest first; 1,000 at most.',
  })
  async missedFindings(
    @Root() { id }: InferenceRow,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<readonly FindingReview[]> {
    return loaders.missedFindingsOfInference.load(id);
  }
}

/** Who said what is for those who look after reviews; a comment may tell who wrote it. */
function isFor({ reviewer }: FindingReviewRow, { caller: { identity } }: GatewayContext): boolean {
  return identity.subject === reviewer || hasRole(identity, SEES_REVIEWERS);
}
