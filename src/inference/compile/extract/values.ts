/** What a name of the graph stands for while the graph is walked. */
import type { Constant } from './constant.ts';
import type { Expression, Origin } from './expression.ts';

/**
 * A feature map or vector. `axes` names the tensor's axes in their order: N films, C channels, H rows, W columns; a letter
 * that is missing was reduced away.
 */
export interface Features {
  readonly kind: 'features';
  readonly expression: Expression;
  readonly axes: string;
}

export type Value =
  | { readonly kind: 'constant'; readonly constant: Constant }
  /** Computed from a tensor's size, for a Reshape. */
  | { readonly kind: 'size' }
  | Features;

/** Features of an expression. */
export function featuresOf(expression: Expression, axes: string): Features {
  return { kind: 'features', expression, axes };
}

/** Features that DenseNet has no use for; `reason` is a predicate. */
export function foreign(reason: string, origin: Origin): Features {
  return featuresOf({ kind: 'foreign', reason, origin, channels: 0 }, '');
}
