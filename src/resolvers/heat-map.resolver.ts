import { Ctx, FieldResolver, Float, Resolver, Root } from 'type-graphql';
import { GatewayError } from '../errors.ts';
import { HeatMap } from '../schema/finding.type.ts';
import type { FindingRow } from '../store/reads/tables.ts';
import type { GatewayContext } from './context.ts';
import { heatMapUrl } from './image-urls.ts';

/** A heat map and the finding that it belongs to. */
export interface HeatMapRoot extends HeatMap {
  readonly finding: FindingRow;
}

/** Fields of heat maps that are loaded only when they are asked for. */
@Resolver(() => HeatMap)
export class HeatMapResolver {
  @FieldResolver(() => [Float], {
    description: 'The grid in logits, row by row; its mean is the logit of the probability.',
  })
  async values(@Root() { finding }: HeatMapRoot, @Ctx() { loaders }: GatewayContext): Promise<readonly number[]> {
    return loaders.heatMapValues.load(finding.id);
  }

  @FieldResolver(() => String, {
    description: 'The film with the heat map over it as PNG: path relative to the address of the gateway.',
  })
  async url(@Root() { finding }: HeatMapRoot, @Ctx() { loaders }: GatewayContext): Promise<string> {
    const inference = await loaders.inferences.load(finding.inferenceId);
    const instance = inference === null ? null : await loaders.instances.load(inference.instanceId);
    if (instance === null) throw new GatewayError('NOT_FOUND', 'The film of the finding is not there.');
    return heatMapUrl(instance.sopInstanceUid, finding.label, finding.modelVersionId);
  }
}
