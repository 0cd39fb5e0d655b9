import { Arg, Authorized, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { ADMINISTERS, READS_GOVERNANCE } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { ModelVersion } from '../schema/model-version.type.ts';
import { SetModelThresholdsInput } from '../schema/threshold-set.input.ts';
import { LabelThreshold, SetModelThresholdsPayload, ThresholdSet } from '../schema/threshold-set.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import type { ModelVersionRow, ThresholdSetRow } from '../store/reads/tables.ts';
import { type Thresholds, thresholdsOf } from '../store/threshold-sets.ts';
import { actorIn, type GatewayContext, renewLoaders, type ThresholdRule } from './context.ts';
import { readManifest } from './model-manifest.ts';
import { present } from './present.ts';
import { requireModelVersion } from './require-model-version.ts';

/** Thresholds of model versions. */
@Resolver(() => ModelVersion)
export class ModelThresholdsResolver {
  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => SetModelThresholdsPayload, {
    description:
      'Appends a set of thresholds to a model version. Readings that begin from now on apply it; findings that are there never change. Where GOVERNANCE_APPROVALS is two, a change for a version in clinical use waits as a request until a second administrator approves it.',
  })
  async setModelThresholds(
    @Arg('input', () => SetModelThresholdsInput, { description: 'Which thresholds, and why.' })
    input: SetModelThresholdsInput,
    @Ctx() context: GatewayContext,
  ): Promise<SetModelThresholdsPayload> {
    const model = await requireModelVersion(input.modelVersionId, context);
    const modelVersionId = model.id;
    const { thresholds, method } = await wantedThresholds(input, model, context);
    const by = actorIn(context);
    const { requestId } = await context.services.store.modelVersions.changeThresholds({
      ...{ modelVersionId, thresholds, method, by },
      reason: input.reason,
    });
    renewLoaders(context);
    const labels = readManifest(model.manifest).labels.map(({ name }) => name);
    const { modelVersions, modelTransitionRequests, newestThresholdSetOfModelVersion } = context.loaders;
    const [newest = null] = await newestThresholdSetOfModelVersion.load(modelVersionId);
    return {
      modelVersion: present(await modelVersions.load(modelVersionId)),
      thresholdSet: requestId === null ? present(newest) : null,
      request: requestId === null ? null : present(await modelTransitionRequests.load(requestId)),
      unchosen: input.method ? labels.filter((label) => thresholds[label] === undefined) : [],
    };
  }

  @FieldResolver(() => [LabelThreshold], {
    description: 'The thresholds in force, which readings apply that begin now, in the order of the labels.',
  })
  async thresholds(
    @Root() { id, manifest }: ModelVersionRow,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<readonly LabelThreshold[]> {
    const [newest] = await loaders.newestThresholdSetOfModelVersion.load(id);
    const inForce = newest === undefined ? {} : thresholdsOf(newest);
    return readManifest(manifest).labels.map(({ name: label, threshold }) => ({
      label,
      threshold: inForce[label] ?? threshold,
    }));
  }

  @Authorized<AccessRole>(READS_GOVERNANCE)
  @FieldResolver(() => [ThresholdSet], {
    description: 'Every set of thresholds, newest first: that one is in force; 1,000 at most.',
  })
  async thresholdSets(
    @Root() { id }: ModelVersion,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<readonly ThresholdSet[]> {
    return loaders.thresholdSetsOfModelVersion.load(id);
  }
}

/** Fields of sets of thresholds. */
@Resolver(() => ThresholdSet)
export class ThresholdSetResolver {
  @FieldResolver(() => [LabelThreshold], { description: 'By label.' })
  thresholds(@Root() set: ThresholdSetRow): readonly LabelThreshold[] {
    return Object.entries(thresholdsOf(set)).map(([label, threshold]) => ({ label, threshold }));
  }
}

interface WantedThresholds {
  readonly thresholds: Thresholds;
  /** For people. */
  readonly method: string;
}

/** @throws GatewayError BAD_REQUEST unless thresholds or a method are given, and what the method throws */
async function wantedThresholds(
  input: SetModelThresholdsInput,
  { digest }: ModelVersionRow,
  { services }: GatewayContext,
): Promise<WantedThresholds> {
  const rule = ruleOf(input);
  if (rule === null) {
    const given = input.thresholds ?? [];
    const thresholds = Object.fromEntries(given.map(({ label, threshold }) => [label, threshold]));
    if (Object.keys(thresholds).length < given.length) {
      throw new GatewayError('BAD_REQUEST', 'A label is named twice.');
    }
    return { thresholds, method: 'By hand.' };
  }
  const { thresholds, dataSet, films } = await services.models.chooseThresholds(digest, rule);
  const how = rule.kind === 'youden' ? "Youden's J" : `Target sensitivity ${rule.target}`;
  return { thresholds, method: `${how} on ${films} films: ${dataSet}.` };
}

function ruleOf({ thresholds, method, target }: SetModelThresholdsInput): ThresholdRule | null {
  if (Boolean(thresholds) === Boolean(method)) {
    throw new GatewayError('BAD_REQUEST', 'Give either thresholds or a method.');
  }
  const needsTarget = method === 'TARGET_SENSITIVITY';
  if (needsTarget !== (target !== null && target !== undefined)) {
    throw new GatewayError('BAD_REQUEST', 'TARGET_SENSITIVITY needs a target, and nothing else takes one.');
  }
  if (!method) return null;
  return needsTarget ? { kind: 'sensitivity', target: target ?? 0 } : { kind: 'youden' };
}
