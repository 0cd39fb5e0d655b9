import { Arg, Authorized, Ctx, Resolver, Root, Subscription } from 'type-graphql';
import { READS_FINDINGS } from '../access/permissions.ts';
import { type ChangeEvent, cancellable } from '../changes.ts';
import { GatewayError } from '../errors.ts';
import { fromOptionalGlobalId } from '../schema/global-id.ts';
import { FindingsCompletedFilter } from '../schema/subscription.input.ts';
import { FindingsCompleted } from '../schema/subscription.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import type { FindingRow } from '../store/reads/tables.ts';
import { type AfterCursor, AfterCursorArg } from './after-cursor.ts';
import type { GatewayContext } from './context.ts';
import { eventLoaders } from './event-loaders.ts';
import type { Loaders } from './loaders.ts';

interface Arguments extends AfterCursor {
  readonly filter?: FindingsCompletedFilter | null;
}

/** Findings as they are completed. */
@Resolver()
export class FindingsCompletedResolver {
  @Authorized<AccessRole>(READS_FINDINGS)
  @Subscription(() => FindingsCompleted, {
    subscribe: ({ args, context }) => findingsCompleted(args as Arguments, context as GatewayContext),
    description:
      'Readings in clinical use as they end with findings, each once and in order, also those missed while away; never those of shadow versions.',
  })
  findingsCompleted(
    @Root() completed: FindingsCompleted,
    @Arg('filter', () => FindingsCompletedFilter, {
      nullable: true,
      description: 'Which readings to be told of; default: all.',
    })
    _filter: FindingsCompletedFilter | null,
    @AfterCursorArg() _after: string | null,
    @Ctx() context: GatewayContext,
  ): FindingsCompleted {
    context.loaders = eventLoaders(context.reader, completed);
    return completed;
  }
}

function findingsCompleted(
  { filter, after }: Arguments,
  { reader, services: { changes } }: GatewayContext,
): AsyncGenerator<FindingsCompleted, void, void> {
  const matches = compile(filter ?? null);
  return cancellable(async function* (signal) {
    for await (const event of changes.subscribe({ types: ['INFERENCE_DONE'], after: after ?? null, signal })) {
      const loaders = eventLoaders(reader, event);
      const completed = await matches(event, loaders);
      if (completed === undefined) continue;
      yield completed;
    }
  });
}

type Match = (event: ChangeEvent, loaders: Loaders) => Promise<FindingsCompleted | undefined>;

/**
 * What costs nothing is asked first; rows are loaded for the changes that are left.
 *
 * @throws GatewayError BAD_REQUEST for an id of another type or a probability outside 0 to 1
 */
function compile(filter: FindingsCompletedFilter | null): Match {
  const patientId = fromOptionalGlobalId('Patient', filter?.patientId);
  const minimumProbability = filter?.minimumProbability ?? 0;
  if (!(minimumProbability >= 0 && minimumProbability <= 1)) {
    throw new GatewayError('BAD_REQUEST', 'minimumProbability must lie within 0 and 1.');
  }
  const labels = filter?.labels ? new Set(filter.labels) : undefined;
  const needsFinding = labels !== undefined || minimumProbability > 0 || filter?.positiveOnly === true;
  const wanted = (finding: FindingRow) =>
    (labels === undefined || labels.has(finding.label)) &&
    finding.probability >= minimumProbability &&
    (finding.positive || filter?.positiveOnly !== true);

  return async ({ cursor, createdAt, priority, ...ids }, loaders) => {
    if (ids.inferenceId === null || ids.studyId === null || ids.patientId === null) return undefined;
    if (patientId !== undefined && patientId !== ids.patientId) return undefined;
    if (filter?.priority && filter.priority !== priority) return undefined;
    const [inference, study, patient, all] = await Promise.all([
      loaders.inferences.load(ids.inferenceId),
      loaders.studies.load(ids.studyId),
      loaders.patients.load(ids.patientId),
      loaders.findingsOfInference.load(ids.inferenceId),
    ]);
    if (inference === null || study === null || patient === null) return undefined;
    // For comparison only, so for nobody: also not for those who may query them.
    if (inference.shadow) return undefined;
    if (filter?.studyInstanceUid && filter.studyInstanceUid !== study.studyInstanceUid) return undefined;
    const findings = all.filter(wanted);
    if (needsFinding && findings.length === 0) return undefined;
    return { cursor, completedAt: inference.completedAt ?? createdAt, patient, study, inference, findings };
  };
}
