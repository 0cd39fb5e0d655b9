import { Arg, Authorized, Ctx, Resolver, Root, Subscription } from 'type-graphql';
import { READS_RECORDS } from '../access/permissions.ts';
import { cancellable } from '../changes.ts';
import { DicomUid } from '../schema/scalars.ts';
import { InferenceProgress } from '../schema/subscription.type.ts';
import type { AccessRole, ChangeType, InferenceState } from '../store/generated/enums.ts';
import { type AfterCursor, AfterCursorArg } from './after-cursor.ts';
import type { GatewayContext } from './context.ts';
import { eventLoaders } from './event-loaders.ts';

interface Arguments extends AfterCursor {
  readonly studyInstanceUid: string;
}

/** The state that each change of an inference reaches. */
const STATES = new Map<ChangeType, InferenceState>([
  ['INFERENCE_QUEUED', 'QUEUED'],
  ['INFERENCE_STARTED', 'RUNNING'],
  ['INFERENCE_DONE', 'DONE'],
  ['INFERENCE_INELIGIBLE', 'INELIGIBLE'],
  ['INFERENCE_FAILED', 'FAILED'],
  ['INFERENCE_CANCELLED', 'CANCELLED'],
]);

/** Readings as they go on. */
@Resolver()
export class InferenceProgressResolver {
  @Authorized<AccessRole>(READS_RECORDS)
  @Subscription(() => InferenceProgress, {
    subscribe: ({ args, context }) => inferenceProgress(args as Arguments, context as GatewayContext),
    description: "Each step of the readings of a study's films, once and in order.",
  })
  inferenceProgress(
    @Root() progress: InferenceProgress,
    @Arg('studyInstanceUid', () => DicomUid, { description: 'Study Instance UID; the study need not exist yet.' })
    _studyInstanceUid: string,
    @AfterCursorArg() _after: string | null,
    @Ctx() context: GatewayContext,
  ): InferenceProgress {
    context.loaders = eventLoaders(context.reader, progress);
    return progress;
  }
}

function inferenceProgress(
  { studyInstanceUid, after }: Arguments,
  { reader, services: { changes } }: GatewayContext,
): AsyncGenerator<InferenceProgress, void, void> {
  return cancellable(async function* (signal) {
    for await (const event of changes.subscribe({ types: [...STATES.keys()], after: after ?? null, signal })) {
      const state = STATES.get(event.type);
      if (event.studyId === null || event.inferenceId === null || state === undefined) continue;
      const loaders = eventLoaders(reader, event);
      const study = await loaders.studies.load(event.studyId);
      if (study?.studyInstanceUid !== studyInstanceUid) continue;
      const inference = await loaders.inferences.load(event.inferenceId);
      if (inference === null) continue;
      yield { cursor: event.cursor, type: event.type, state, changedAt: event.createdAt, inference };
    }
  });
}
