/** Which findings the outputs of public chest film nets are, in their order. */
import { GatewayError } from '../../../errors.ts';

/** The 14 findings of NIH ChestX-ray14 in the order of its paper and of CheXNet (Wang et al., CVPR 2017). */
export const CHEST_XRAY_14_LABELS: readonly string[] = [
  'Atelectasis',
  'Cardiomegaly',
  'Effusion',
  'Infiltration',
  'Mass',
  'Nodule',
  'Pneumonia',
  'Pneumothorax',
  'Consolidation',
  'Edema',
  'Emphysema',
  'Fibrosis',
  'Pleural_Thickening',
  'Hernia',
];

/** The 18 findings of torchxrayvision (`xrv.datasets.default_pathologies`). */
export const TORCHXRAYVISION_LABELS: readonly string[] = [
  'Atelectasis',
  'Consolidation',
  'Infiltration',
  'Pneumothorax',
  'Edema',
  'Emphysema',
  'Fibrosis',
  'Effusion',
  'Pneumonia',
  'Pleural_Thickening',
  'Cardiomegaly',
  'Nodule',
  'Mass',
  'Hernia',
  'Lung Lesion',
  'Fracture',
  'Lung Opacity',
  'Enlarged Cardiomediastinum',
];

/**
 * Names of the outputs.
 *
 * @param given - by whoever imports; they win
 * @throws GatewayError MODEL_INVALID when they are not as many as the outputs, or nothing is known of so many outputs
 */
export function labelsFor(outputs: number, given: readonly string[] | undefined): readonly string[] {
  const labels = given ?? [CHEST_XRAY_14_LABELS, TORCHXRAYVISION_LABELS].find(({ length }) => length === outputs);
  if (labels === undefined) {
    throw new GatewayError('MODEL_INVALID', `The net has ${outputs} outputs; name them in their order.`);
  }
  if (labels.length !== outputs) {
    throw new GatewayError('MODEL_INVALID', `The net has ${outputs} outputs, but ${labels.length} labels were given.`);
  }
  return labels;
}
