/**
 * The gate's first half: whether a film may be read as a frontal chest film by what its header says. The pixels are
 * looked at when they are decoded, by evidence/.
 *
 * Each rule looks at one piece of evidence. gate-rules.ts says which of them exclude and which warn. A header that speaks
 * against a frontal chest film excludes; a header that says nothing, or two things, warns, because many real films are
 * sent bare and free text is often left over from another film.
 */
import {
  type Description,
  describe,
  isChestRegion,
  isFrontalViewCode,
  type Statement,
  statesChest,
  statesFrontal,
} from './eligibility-terms.ts';
import {
  ENERGY_SUBTRACTION_TYPES,
  ENERGY_SUBTRACTION_WORDS,
  NOT_A_FILM_TYPES,
  NOT_A_FILM_WORDS,
  STITCHED_WORDS,
  TOMOSYNTHESIS_WORDS,
} from './eligibility-words.ts';
import {
  conclude,
  type EligibilityAssessment,
  type GateEffects,
  type GateFinding,
  type GateRule,
} from './gate-rules.ts';
import type { FilmHeader } from './header.ts';
import { nameOfSopClass, roleOfSopClass } from './sop-classes.ts';

export type { EligibilityAssessment } from './gate-rules.ts';

/** What a rule found: nothing, or its name and a sentence. */
type Outcome = GateFinding | null;

type Rule = (header: FilmHeader) => Outcome;

/** Fewest rows, and fewest columns, that a reading makes sense of: the smallest model input is 128 x 128. */
const MINIMUM_READABLE_DIMENSION = 128;
/** Most that one side may exceed the other: a strip is no chest film. */
const MAXIMUM_ASPECT_RATIO = 3;
/** Plates are 35 x 43 cm, 1.2 to 1; two films in one picture are about 2 to 1. */
const USUAL_ASPECT_RATIO = 1.6;

const RADIOGRAPHY_MODALITIES: ReadonlySet<string> = new Set(['CR', 'DX']);
/** Modalities of captured or scanned films, and codes for radiographic imaging that never were, or are retired. */
const CAPTURE_MODALITIES: ReadonlySet<string> = new Set(['OT', 'RG', 'SC', 'DR', 'XR']);
const MONOCHROME: ReadonlySet<string> = new Set(['MONOCHROME1', 'MONOCHROME2']);

const found = (rule: GateRule, sentence: string): GateFinding => ({ rule, sentence });

const sopClass: Rule = ({ sopClassUid }) =>
  roleOfSopClass(sopClassUid) === 'OTHER_IMAGE'
    ? found('SOP_CLASS', `${nameOfSopClass(sopClassUid)} is no radiograph.`)
    : null;

const modality: Rule = ({ series }) => {
  if (series.modality === null) return found('MODALITY_UNSTATED', 'Modality (0008,0060) is not stated.');
  if (RADIOGRAPHY_MODALITIES.has(series.modality)) return null;
  return CAPTURE_MODALITIES.has(series.modality)
    ? found('MODALITY_UNSPECIFIC', `Modality ${series.modality} does not say that this is a radiograph.`)
    : found('MODALITY', `Modality ${series.modality} is not CR or DX.`);
};

const statementOf = (text: string | null, read: (text: string) => Statement): Statement =>
  text === null ? 'NOTHING' : read(text);

const bodyPart: Rule = ({ series, image }) => {
  const other = image.anatomicRegions.find((region) => !isChestRegion(region));
  if (other !== undefined) {
    return found('ANATOMIC_REGION', `Anatomic region ${other.value} (${other.scheme}) is not the chest.`);
  }
  const statement = statementOf(series.bodyPart, statesChest);
  if (statement === 'YES') return null;
  if (statement === 'NO') return found('BODY_PART', `Body part ${series.bodyPart} is not the chest.`);
  if (statement === 'UNCLEAR') {
    return found('BODY_PART_UNCLEAR', `Body part ${series.bodyPart} says more than chest, which is not understood.`);
  }
  return image.anatomicRegions.length > 0
    ? null
    : found('BODY_PART_UNSTATED', 'The header does not state the body part; a chest film is assumed.');
};

const viewPosition: Rule = ({ series, image }) => {
  const other = image.viewCodes.find((view) => !isFrontalViewCode(view));
  if (other !== undefined) return found('VIEW_CODE', `View ${other.value} (${other.scheme}) is not frontal.`);
  const statement = statementOf(series.viewPosition, statesFrontal);
  if (statement === 'YES') return null;
  if (statement === 'NO') return found('VIEW_POSITION', `View position ${series.viewPosition} is not PA or AP.`);
  if (statement === 'UNCLEAR') {
    return found(
      'VIEW_POSITION_UNCLEAR',
      `View position ${series.viewPosition} says more than PA or AP, which is not understood.`,
    );
  }
  return image.viewCodes.length > 0
    ? null
    : found('VIEW_POSITION_UNSTATED', 'The header does not state the view position; a frontal view is assumed.');
};

/**
 * Rows of a frontal film run to the patient's left, columns to the feet (PS3.3 section C.7.6.1.1.1). Rows of a lateral
 * film run to front or back.
 */
const patientOrientation: Rule = ({ image }) => {
  const [alongRow = '', alongColumn = ''] = image.patientOrientation;
  const stated = `Patient orientation ${image.patientOrientation.join('\\')}`;
  if (/[AP]/.test(alongRow)) return found('PATIENT_ORIENTATION', `${stated} is that of a lateral or oblique view.`);
  if (/^[HF]/.test(alongRow) || /^H/.test(alongColumn)) {
    return found('PATIENT_ORIENTATION', `${stated} is that of a film that is not upright.`);
  }
  return /^R/.test(alongRow) ? found('PATIENT_ORIENTATION_MIRRORED', `${stated} is that of a mirrored film.`) : null;
};

const saysBodyPart = ({ series, image }: FilmHeader) =>
  statementOf(series.bodyPart, statesChest) !== 'NOTHING' || image.anatomicRegions.length > 0;
const saysView = ({ series, image }: FilmHeader) =>
  statementOf(series.viewPosition, statesFrontal) !== 'NOTHING' || image.viewCodes.length > 0;

/** What the film's own free text says; the protocol is asked what the series description leaves open. */
const ownDescription = ({ series }: FilmHeader): Description => {
  const [description, protocol] = [describe(series.description), describe(series.protocolName)];
  const { chest, otherBodyPart } = description.chest || description.otherBodyPart ? description : protocol;
  const { frontal, otherView } = description.frontal || description.otherView ? description : protocol;
  return { chest, otherBodyPart, frontal, otherView, text: description.text === '' ? protocol.text : description.text };
};

/** Free text decides where the coded attributes are silent, and warns where it contradicts them. */
const seriesDescription: Rule = (header) => {
  const { chest, otherBodyPart, frontal, otherView } = ownDescription(header);
  if (otherBodyPart && !chest) {
    const sentence = 'The series description names a body part other than the chest.';
    return found(saysBodyPart(header) ? 'SERIES_DESCRIPTION_CONTRADICTS' : 'SERIES_DESCRIPTION', sentence);
  }
  if (otherView && !frontal) {
    const sentence = 'The series description names a view that is not frontal.';
    return found(saysView(header) ? 'SERIES_DESCRIPTION_CONTRADICTS' : 'SERIES_DESCRIPTION', sentence);
  }
  return otherBodyPart
    ? found('SERIES_DESCRIPTION_MIXED', 'The series description names the chest and another body part.')
    : null;
};

/** A study may hold several films, so its description counts only where nothing nearer to the film speaks. */
const studyDescription: Rule = (header) => {
  const own = ownDescription(header);
  const { chest, otherBodyPart, frontal, otherView } = describe(header.study.description);
  if (otherBodyPart && !chest && !saysBodyPart(header) && !own.chest) {
    return found('STUDY_DESCRIPTION', 'The study description names a body part other than the chest.');
  }
  return otherView && !frontal && !saysView(header) && !own.frontal
    ? found('STUDY_DESCRIPTION', 'The study description names a view that is not frontal.')
    : null;
};

const photometricInterpretation: Rule = ({ image }) =>
  image.samplesPerPixel === 1 && MONOCHROME.has(image.photometricInterpretation)
    ? null
    : found(
        'PHOTOMETRIC_INTERPRETATION',
        `${image.photometricInterpretation} with ${image.samplesPerPixel} sample(s) per pixel is not monochrome.`,
      );

const numberOfFrames: Rule = ({ image }) =>
  image.numberOfFrames === 1
    ? null
    : found('NUMBER_OF_FRAMES', `The image has ${image.numberOfFrames} frames; the first is read.`);

const bitsStored: Rule = ({ image }) =>
  image.bitsStored >= 8 ? null : found('BITS_STORED', `${image.bitsStored} bits stored are fewer than 8.`);

/**
 * The standard has High Bit one less than Bits Stored (PS3.5 section 8.1.1). Older films shift their values instead, which is
 * honoured; where it is a slip, as High Bit 12 of 12 bits, every grey is half of what it should be and still looks like a film.
 */
const highBit: Rule = ({ image }) =>
  image.highBit === image.bitsStored - 1
    ? null
    : found('HIGH_BIT_UNUSUAL', `High Bit ${image.highBit} does not go with ${image.bitsStored} bits stored.`);

const dimensions: Rule = ({ image }) => {
  const [shorter, longer] = [Math.min(image.rows, image.columns), Math.max(image.rows, image.columns)];
  if (shorter < MINIMUM_READABLE_DIMENSION) {
    return found(
      'DIMENSIONS',
      `${image.rows} x ${image.columns} pixels are fewer than ${MINIMUM_READABLE_DIMENSION} in one direction.`,
    );
  }
  if (longer <= USUAL_ASPECT_RATIO * shorter) return null;
  return longer > MAXIMUM_ASPECT_RATIO * shorter
    ? found('DIMENSIONS', `${image.rows} x ${image.columns} pixels have not the shape of a chest film.`)
    : found('SHAPE_UNUSUAL', `${image.rows} x ${image.columns} pixels may be part of a film, or several films.`);
};

/** Values 1 and 2 say only whether pixels are original, and DERIVED\SECONDARY is also what a compressed film becomes. */
const imageType: Rule = (header) => {
  const picture = header.image.imageType.find((value) => NOT_A_FILM_TYPES.test(value));
  if (picture !== undefined) return found('IMAGE_TYPE', `Image type ${picture} is not a film.`);
  return NOT_A_FILM_WORDS.test(kindOf(header))
    ? found('IMAGE_TYPE', 'The series description is not that of one film of a patient.')
    : null;
};

/** What kind of picture Image Type and the descriptions say it is, beyond value 2, as one text. */
const kindOf = (header: FilmHeader): string =>
  [header.image.imageType.slice(2).join(' ').replace(/_/g, ' '), ownDescription(header).text].join(' ');

const energySubtraction: Rule = (header) =>
  ENERGY_SUBTRACTION_WORDS.test(kindOf(header)) ||
  header.image.imageType.slice(2).some((value) => ENERGY_SUBTRACTION_TYPES.test(value))
    ? found('ENERGY_SUBTRACTION', 'The image is calculated from two energies, or its bones are removed.')
    : null;

const tomosynthesis: Rule = (header) =>
  TOMOSYNTHESIS_WORDS.test(kindOf(header)) ? found('TOMOSYNTHESIS', 'The image is a slice of a volume.') : null;

const stitched: Rule = (header) =>
  STITCHED_WORDS.test(kindOf(header)) ? found('STITCHED', 'The image is composed of several exposures.') : null;

const presentationIntent: Rule = ({ image }) =>
  image.presentationIntentType === 'FOR PROCESSING'
    ? found(
        'FOR_PROCESSING',
        'The film is raw detector data for processing, not the rendering that was read clinically.',
      )
    : null;

/** MONOCHROME1 goes with INVERSE, MONOCHROME2 with IDENTITY (PS3.3 section C.8.11.3.1.2). */
const polarity: Rule = ({ image }) => {
  const expected = image.photometricInterpretation === 'MONOCHROME1' ? 'INVERSE' : 'IDENTITY';
  return image.presentationLutShape === null || image.presentationLutShape === expected
    ? null
    : found(
        'POLARITY_CONTRADICTORY',
        `${image.photometricInterpretation} and Presentation LUT Shape ${image.presentationLutShape} contradict each other.`,
      );
};

/** Every rule, in the order in which its reason is given. */
const RULES: readonly Rule[] = [
  sopClass,
  modality,
  photometricInterpretation,
  numberOfFrames,
  bitsStored,
  highBit,
  dimensions,
  imageType,
  energySubtraction,
  tomosynthesis,
  stitched,
  bodyPart,
  viewPosition,
  patientOrientation,
  seriesDescription,
  studyDescription,
  presentationIntent,
  polarity,
];

/**
 * Applies every rule to a header.
 *
 * @param effects - of rules that do other than gate-rules.ts says
 */
export function assessEligibility(header: FilmHeader, effects: GateEffects = {}): EligibilityAssessment {
  return conclude(
    RULES.map((rule) => rule(header)).filter((outcome) => outcome !== null),
    effects,
  );
}
