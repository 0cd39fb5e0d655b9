/** The coded concepts of a finding. */
import type { CodedConcept } from '../schema/finding.type.ts';
import type { FindingRow } from '../store/reads/tables.ts';
import type { ModelKnowledge } from './context.ts';

/** The concept that was recorded, then every other verified one of the label. */
export function codesOf(
  { label, codeSystem, codeValue, codeDisplay }: FindingRow,
  models: Pick<ModelKnowledge, 'codesOfLabel'>,
): readonly CodedConcept[] {
  const known = models.codesOfLabel(label).map(({ system, code, display }) => ({ system, value: code, display }));
  if (codeSystem === null || codeValue === null) return known;
  const others = known.filter(({ system, value }) => system !== codeSystem || value !== codeValue);
  return [{ system: codeSystem, value: codeValue, display: codeDisplay ?? '' }, ...others];
}
