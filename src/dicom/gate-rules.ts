/**
 * The rules of the gate by name: what each does unless GATE_RULES says otherwise. The rules themselves are in
 * eligibility.ts (header) and evidence/ (pixels). This file imports nothing, so that the configuration can read it.
 */

/** What a rule does when what it looks for is there. */
export type GateEffect = 'EXCLUDE' | 'WARN' | 'IGNORE';

interface RuleDefinition {
  readonly effect: 'EXCLUDE' | 'WARN';
  /** It keeps the reading from being wrong by construction, so it cannot be loosened. */
  readonly fixed?: true;
}

/** Every rule, in the order in which reasons are given. */
export const GATE_RULES = {
  SOP_CLASS: { effect: 'EXCLUDE', fixed: true },
  MODALITY: { effect: 'EXCLUDE' },
  MODALITY_UNSTATED: { effect: 'WARN' },
  MODALITY_UNSPECIFIC: { effect: 'WARN' },
  PHOTOMETRIC_INTERPRETATION: { effect: 'EXCLUDE', fixed: true },
  NUMBER_OF_FRAMES: { effect: 'WARN' },
  BITS_STORED: { effect: 'EXCLUDE', fixed: true },
  HIGH_BIT_UNUSUAL: { effect: 'WARN' },
  DIMENSIONS: { effect: 'EXCLUDE', fixed: true },
  SHAPE_UNUSUAL: { effect: 'WARN' },
  IMAGE_TYPE: { effect: 'EXCLUDE' },
  ENERGY_SUBTRACTION: { effect: 'EXCLUDE' },
  TOMOSYNTHESIS: { effect: 'EXCLUDE' },
  STITCHED: { effect: 'EXCLUDE' },
  ANATOMIC_REGION: { effect: 'EXCLUDE' },
  BODY_PART: { effect: 'EXCLUDE' },
  BODY_PART_UNCLEAR: { effect: 'WARN' },
  BODY_PART_UNSTATED: { effect: 'WARN' },
  VIEW_CODE: { effect: 'EXCLUDE' },
  VIEW_POSITION: { effect: 'EXCLUDE' },
  VIEW_POSITION_UNCLEAR: { effect: 'WARN' },
  VIEW_POSITION_UNSTATED: { effect: 'WARN' },
  PATIENT_ORIENTATION: { effect: 'EXCLUDE' },
  PATIENT_ORIENTATION_MIRRORED: { effect: 'WARN' },
  SERIES_DESCRIPTION: { effect: 'EXCLUDE' },
  SERIES_DESCRIPTION_CONTRADICTS: { effect: 'WARN' },
  SERIES_DESCRIPTION_MIXED: { effect: 'WARN' },
  STUDY_DESCRIPTION: { effect: 'EXCLUDE' },
  FOR_PROCESSING: { effect: 'WARN' },
  POLARITY_CONTRADICTORY: { effect: 'WARN' },
  PIXELS_BLANK: { effect: 'EXCLUDE' },
  PIXELS_LOW_CONTRAST: { effect: 'WARN' },
  PIXELS_SATURATED: { effect: 'EXCLUDE' },
  PIXELS_CLIPPED: { effect: 'WARN' },
  PIXELS_WHITE_BORDER: { effect: 'WARN' },
  PIXELS_INVERTED: { effect: 'EXCLUDE' },
  PIXELS_POLARITY_DOUBTFUL: { effect: 'WARN' },
  PIXELS_ROTATED: { effect: 'EXCLUDE' },
  PIXELS_ROTATION_DOUBTFUL: { effect: 'WARN' },
  PIXELS_MONTAGE: { effect: 'EXCLUDE' },
  PIXELS_LATERAL_DOUBTFUL: { effect: 'WARN' },
  PIXELS_NO_FRONTAL_CHEST: { effect: 'EXCLUDE' },
  PIXELS_CHEST_DOUBTFUL: { effect: 'WARN' },
} as const satisfies Record<string, RuleDefinition>;

/** Name of a rule; each reason begins with it. */
export type GateRule = keyof typeof GATE_RULES;

/** Effects that differ from those of {@link GATE_RULES}. */
export type GateEffects = Readonly<Partial<Record<GateRule, GateEffect>>>;

/** What a rule found: a sentence without patient data. */
export interface GateFinding {
  readonly rule: GateRule;
  readonly sentence: string;
}

/** The gate's decision. */
export interface EligibilityAssessment {
  readonly verdict: 'READ' | 'READ_WITH_WARNING' | 'INELIGIBLE';
  /** `RULE_NAME: sentence` each: the exclusions of INELIGIBLE, the warnings of READ_WITH_WARNING, none for READ. */
  readonly reasons: readonly string[];
}

/** One exclusion makes a film INELIGIBLE; else one warning makes it READ_WITH_WARNING. */
export function conclude(findings: readonly GateFinding[], effects: GateEffects): EligibilityAssessment {
  const reasonsOf = (wanted: GateEffect): string[] =>
    findings
      .filter(({ rule }) => (effects[rule] ?? GATE_RULES[rule].effect) === wanted)
      .map(({ rule, sentence }) => `${rule}: ${sentence}`);
  const exclusions = reasonsOf('EXCLUDE');
  if (exclusions.length > 0) return { verdict: 'INELIGIBLE', reasons: exclusions };
  const warnings = reasonsOf('WARN');
  return { verdict: warnings.length > 0 ? 'READ_WITH_WARNING' : 'READ', reasons: warnings };
}

/**
 * Reads the setting: `RULE_NAME=exclude|warn|ignore`, several divided by commas.
 *
 * @returns the effects, and what is wrong with the text; nothing is wrong when `problems` is empty
 */
export function parseGateRules(text: string): { readonly effects: GateEffects; readonly problems: readonly string[] } {
  const effects: Partial<Record<GateRule, GateEffect>> = {};
  const problems: string[] = [];
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const [, name = '', wanted = ''] = /^([A-Z_]+)\s*=\s*(exclude|warn|ignore)$/.exec(entry) ?? [];
    const effect = wanted.toUpperCase() as GateEffect;
    if (wanted === '') problems.push(`"${entry}" must be RULE_NAME=exclude, =warn or =ignore`);
    else if (!isGateRule(name))
      problems.push(`there is no rule ${name}; there are ${Object.keys(GATE_RULES).join(', ')}`);
    else if (effect !== 'EXCLUDE' && isFixed(name))
      problems.push(`${name} cannot be loosened: such films cannot be read`);
    else effects[name] = effect;
  }
  return { effects, problems };
}

function isGateRule(name: string): name is GateRule {
  return Object.hasOwn(GATE_RULES, name);
}

function isFixed(name: GateRule): boolean {
  return 'fixed' in GATE_RULES[name];
}
