/** The manifest of a model version as it is right after its import, before anything was measured. */
import type { ModelManifest } from '../manifest.ts';
import type { Preprocessing } from './import-preprocessing.ts';
import { CLASS_ACTIVATION_MAP, IMAGE, LOGIT, PROBABILITY } from './tensor-names.ts';
import { type ExtractionCheck, LOGIT_TOLERANCE } from './verify-extraction.ts';

/** What is known after an import. */
export interface ImportFacts {
  readonly name: string;
  readonly version: string;
  readonly description?: string | undefined;
  readonly file: string;
  /** Of the FP32 graph. */
  readonly sha256: string;
  readonly kind: string;
  readonly sourceName: string;
  readonly sourceDigest: string;
  readonly channels: number;
  readonly size: { readonly height: number; readonly width: number };
  readonly labels: readonly string[];
  /** One a label; null where the source brings none. */
  readonly thresholds: Float32Array | null;
  readonly preprocessing: Preprocessing;
  readonly check: ExtractionCheck;
}

/** Where the source names no threshold. */
const PRESET_THRESHOLD = 0.5;

const UNKNOWN = 'Not known to the gateway; see the source of the weights.';

/** The manifest, to be written as JSON and read back through its schema. */
export function importedManifest(facts: ImportFacts): ModelManifest {
  const { name, version, file, sha256, channels, size, preprocessing } = facts;
  const { crop } = preprocessing;
  return {
    schemaVersion: 1,
    name,
    version,
    description: facts.description ?? `DenseNet-121 imported from ${facts.sourceName}.`,
    file,
    sha256,
    precision: 'FP32',
    input: { name: IMAGE, ...size, channels: channels === 1 ? 1 : 3 },
    // A map of a crop, drawn over the whole film, would point beside what the model saw.
    outputs: {
      probability: PROBABILITY,
      logit: LOGIT,
      classActivationMap: crop === 'none' ? CLASS_ACTIVATION_MAP : null,
    },
    labels: facts.labels.map((label, index) => ({ name: label, threshold: threshold(facts.thresholds?.[index]) })),
    preprocessing,
    thresholdsOrigin: {
      method:
        facts.thresholds === null
          ? `None: ${PRESET_THRESHOLD} for every label until the model is evaluated.`
          : `The source's own (op_threshs); ${PRESET_THRESHOLD} where it has none.`,
      dataSet: 'None yet.',
      films: 0,
      operatingPoints: {},
    },
    metrics: [],
    provenance: {
      architecture: `DenseNet-121, ${facts.labels.length} sigmoid outputs, class activation map; fully convolutional up to the head. ${checked(facts)}`,
      trainingData: UNKNOWN,
      training: `${UNKNOWN} Imported from ${facts.sourceName} (${facts.kind}, SHA-256 ${facts.sourceDigest}).`,
      quantization: null,
      credits: UNKNOWN,
      intendedUse: 'Not stated. Not for clinical use before it was evaluated on films of its place of use.',
    },
    card: importedCard(facts),
  };
}

/** torchxrayvision has NaN for labels that a net was not trained on. */
function threshold(value: number | undefined): number {
  return value !== undefined && value >= 0 && value <= 1 ? Number(value.toPrecision(6)) : PRESET_THRESHOLD;
}

/** How the extracted net was checked, in a sentence. */
function checked({ kind, check }: ImportFacts): string {
  return kind === 'onnx'
    ? `The extracted net was compared with the original graph on ${check.images} images (noise, and real ones where they were given): the largest difference of a logit was ${check.largestLogitDifference.toExponential(1)} (allowed: ${LOGIT_TOLERANCE}).`
    : `A checkpoint holds no graph to compare with. Every weight has the name and shape that DenseNet-121 needs and is finite, and the net gave finite logits on ${check.images} images.`;
}

/** The source attributes that follow from the net and the gateway alone; the others are for people to state. */
function importedCard({ labels }: ImportFacts): NonNullable<ModelManifest['card']> {
  return {
    output:
      `For one frontal chest film a probability from 0 to 1 of each of ${labels.length} findings (${labels.join(', ')}), and ` +
      "whether it reaches the finding's threshold.",
    outputKind: 'A prediction (the probability) that becomes a classification (positive or negative) by the threshold.',
    demographicInputs: 'None of them is an input: the network takes in the pixels of one film and nothing else.',
  };
}
