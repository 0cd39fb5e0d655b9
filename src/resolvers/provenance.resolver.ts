import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Finding } from '../schema/finding.type.ts';
import { Inference } from '../schema/inference.type.ts';
import { FindingProvenance, InferenceProvenance } from '../schema/provenance.type.ts';
import type { FindingRow, InferenceRow } from '../store/reads/tables.ts';
import type { GatewayContext } from './context.ts';
import type { Loaders } from './loaders.ts';
import { present } from './present.ts';
import { timingsOf } from './timings-of.ts';

/** Where findings come from. */
@Resolver(() => Finding)
export class FindingProvenanceResolver {
  @FieldResolver(() => FindingProvenance, {
    description: 'Everything that it rests on. `cxr-gateway reproduce` makes it again from that.',
  })
  async provenance(@Root() finding: FindingRow, @Ctx() { loaders }: GatewayContext): Promise<FindingProvenance> {
    const inference = present(await loaders.inferences.load(finding.inferenceId));
    return { ...(await provenanceOf(inference, loaders)), threshold: finding.threshold };
  }
}

/** Where the results of readings come from. */
@Resolver(() => Inference)
export class InferenceProvenanceResolver {
  @FieldResolver(() => InferenceProvenance, {
    nullable: true,
    description: 'What its result rests on; null unless it is DONE.',
  })
  async provenance(
    @Root() inference: InferenceRow,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<InferenceProvenance | null> {
    return inference.state === 'DONE' ? provenanceOf(inference, loaders) : null;
  }
}

async function provenanceOf(inference: InferenceRow, loaders: Loaders): Promise<InferenceProvenance> {
  const [model, instance] = await Promise.all([
    loaders.modelVersions.load(inference.modelVersionId).then(present),
    loaders.instances.load(inference.instanceId).then(present),
  ]);
  return {
    modelName: model.name,
    modelVersion: model.version,
    modelDigest: model.digest,
    executedDigest: inference.executedDigest,
    precision: inference.executedPrecision,
    preprocessingVersion: inference.preprocessingVersion,
    grayscaleSource: inference.grayscaleSource,
    thresholdSetVersion: inference.thresholdSetVersion,
    gatewayVersion: inference.gatewayVersion,
    runtime: inference.runtime,
    processor: inference.processor,
    inputMean: inference.inputMean,
    inputDeviation: inference.inputDeviation,
    filmSha256: instance.sha256,
    transferSyntaxUid: instance.transferSyntaxUid,
    attempts: inference.attempts,
    queuedAt: inference.queuedAt,
    startedAt: inference.startedAt,
    completedAt: inference.completedAt,
    timings: timingsOf(inference),
  };
}
