/**
 * The source attributes that a predictive decision support intervention states to its users: 31 in nine headings, after
 * 45 CFR 170.315(b)(11)(iv)(B)(1) to (9) (ONC HTI-1, 89 FR 1192). Attribute "1(a)" here is paragraph (iv)(B)(1)(i) there,
 * "4(c)" is (iv)(B)(4)(iii), and so on. The names are the rule's, without "of the intervention".
 */

/** One attribute of a heading. */
interface Attribute<Key extends string> {
  /** Field of the manifest's `card`. */
  readonly key: Key;
  /** As the rule calls it. */
  readonly name: string;
}

function heading<const Key extends string>(name: string, attributes: Readonly<Record<Key, string>>) {
  const entries = Object.entries(attributes) as [Key, string][];
  return { name, attributes: entries.map(([key, text]): Attribute<Key> => ({ key, name: text })) };
}

const HEADINGS = [
  heading('Details and output of the intervention', {
    developer: 'Name and contact information of the developer',
    fundingSource: 'Funding source of the technical implementation',
    output: 'Description of the value that is produced as an output',
    outputKind:
      'Whether the output is a prediction, classification, recommendation, evaluation, analysis or other type',
  }),
  heading('Purpose of the intervention', {
    intendedUse: 'Intended use',
    intendedPopulation: 'Intended patient population(s)',
    intendedUsers: 'Intended user(s)',
    decisionRole: 'Intended decision-making role',
  }),
  heading('Cautioned out-of-scope use', {
    cautionedUse: 'Tasks, situations or populations where a user is cautioned against applying it',
    knownRisks: 'Known risks, inappropriate settings, inappropriate uses or known limitations',
  }),
  heading('Development details and input features', {
    trainingDataCriteria: 'Exclusion and inclusion criteria that influenced the training data set',
    demographicInputs:
      'Use of race, ethnicity, language, sexual orientation, gender identity, sex, date of birth, social determinants of ' +
      'health or health status assessments as input features',
    trainingDataDemographics: 'Demographic representativeness of the training data',
    trainingDataRelevance: 'Relevance of the training data to the intended deployed setting',
  }),
  heading('Process used to ensure fairness in development', {
    fairnessApproach: "The developer's approach to ensure that the output is fair",
    biasManagement: 'Approaches to manage, reduce or eliminate bias',
  }),
  heading('External validation process', {
    externalDataSource: 'Data source, clinical setting or environment of the external validation',
    externalParty: 'Party that conducted the external testing',
    externalDemographics: 'Demographic representativeness of the external data',
    externalProcess: 'Description of the external validation process',
  }),
  heading('Quantitative measures of performance', {
    validityInternal: 'Validity in test data from the same source as the training data',
    fairnessInternal: 'Fairness in test data from the same source as the training data',
    validityExternal: 'Validity in data from another source than the training data',
    fairnessExternal: 'Fairness in data from another source than the training data',
    outcomeEvaluations: 'References to evaluations of its use on outcomes',
  }),
  heading('Ongoing maintenance of implementation and use', {
    validityMonitoring: 'Process and frequency by which validity is monitored over time',
    validityLocal: 'Validity in local data',
    fairnessMonitoring: 'Process and frequency by which fairness is monitored over time',
    fairnessLocal: 'Fairness in local data',
  }),
  heading('Update and continued validation or fairness assessment schedule', {
    updateProcess: 'Process and frequency by which it is updated',
    correctionProcess: 'Frequency by which performance is corrected when risks to validity or fairness are identified',
  }),
] as const;

/** Field of the manifest's `card`. */
export type CardKey = (typeof HEADINGS)[number]['attributes'][number]['key'];

/** One of the 31 source attributes. */
export interface SourceAttribute {
  /** Number of the heading and letter within it: "1(a)". */
  readonly number: string;
  readonly key: CardKey;
  readonly name: string;
}

/** One of the nine headings. */
export interface SourceHeading {
  /** 1 to 9, as in the rule. */
  readonly number: number;
  readonly name: string;
  readonly attributes: readonly SourceAttribute[];
}

const FIRST_LETTER = 'a'.charCodeAt(0);

/** The nine headings with their attributes, in the order of the rule. */
export const SOURCE_HEADINGS: readonly SourceHeading[] = HEADINGS.map(({ name, attributes }, heading) => ({
  number: heading + 1,
  name,
  attributes: attributes.map(({ key, name: attribute }, index) => ({
    number: `${heading + 1}(${String.fromCharCode(FIRST_LETTER + index)})`,
    key,
    name: attribute,
  })),
}));

/** All 31 attributes, in the order of the rule. */
export const SOURCE_ATTRIBUTES: readonly SourceAttribute[] = SOURCE_HEADINGS.flatMap(({ attributes }) => attributes);
