/** Names in the graphs that the compiler writes; the same in FP32 and INT8, so that one manifest fits both. */

/** Films [n, channels, height, width], normalised. */
export const IMAGE = 'image';

/** Probabilities [n, labels]. */
export const PROBABILITY = 'prob';

/** Logits [n, labels]. */
export const LOGIT = 'logit';

/** Class activation map [n, rows, columns, labels] in logits; its mean is the logit. */
export const CLASS_ACTIVATION_MAP = 'cam';

/** Name of a dense layer, counted from 1 as in torchvision. */
export const layerName = (block: number, layer: number): string => `block${block + 1}.layer${layer + 1}`;

/** Name of a transition. */
export const transitionName = (block: number): string => `transition${block + 1}`;

/** What calibration looks at in the FP32 graph. */
export const tapName = {
  /** All features of a block [n, features, rows, columns]: what went in, then each layer's. */
  features: (block: number): string => `block${block + 1}.features`,
  /** Behind a layer's second ReLU [n, bottleneck, rows, columns]. */
  bottleneck: (block: number, layer: number): string => `${layerName(block, layer)}.bottleneck`,
  /** Behind a transition's ReLU and pooling [n, features, rows, columns]. */
  pooled: (block: number): string => `${transitionName(block)}.pooled`,
};
