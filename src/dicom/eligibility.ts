/**
 * The gate: whether a film may be read as a frontal chest film. It decides by what the header says, never by pixels.
 *
 * Each rule looks at one piece of evidence and is silent, warns or excludes. One exclusion makes the film INELIGIBLE;
 * else one warning makes it READ_WITH_WARNING, and every finding carries the warnings. A header that speaks against a
 * frontal chest film excludes; a header that says nothing warns, because many real films are sent bare.
 */
import {
  describesOtherBodyPart,
  describesOtherView,
  isChestBodyPart,
  isChestRegion,
  isFrontalView,
  isFrontalViewCode,
  mentionsChest,
} from './eligibility-terms.ts';
import type { FilmHeader } from './header.ts';
import { nameOfSopClass, roleOfSopClass } from './sop-classes.ts';

/** The gate's decision. */
export interface EligibilityAssessment {
  readonly verdict: 'READ' | 'READ_WITH_WARNING' | 'INELIGIBLE';
  /** `RULE_NAME: sentence` each: the exclusions of INELIGIBLE, the warnings of READ_WITH_WARNING, none for READ. */
  readonly reasons: readonly string[];
}

/** What a rule found: nothing, or a sentence without patient data. */
type Outcome = null | { readonly effect: 'EXCLUDE' | 'WARN'; readonly name: string; readonly sentence: string };

type Rule = (header: FilmHeader) => Outcome;

/** Fewest rows, and fewest columns, that a reading makes sense of: the smallest model input is 128 x 128. */
const MINIMUM_READABLE_DIMENSION = 128;
/** Most that one side may exceed the other: a strip is no chest film. */
const MAXIMUM_ASPECT_RATIO = 3;

const RADIOGRAPHY_MODALITIES: ReadonlySet<string> = new Set(['CR', 'DX']);
/** Modalities of captured or scanned films, and the retired code for radiographic imaging. */
const CAPTURE_MODALITIES: ReadonlySet<string> = new Set(['OT', 'RG', 'SC', 'DR']);
const MONOCHROME: ReadonlySet<string> = new Set(['MONOCHROME1', 'MONOCHROME2']);

const exclude = (name: string, sentence: string): Outcome => ({ effect: 'EXCLUDE', name, sentence });
const warn = (name: string, sentence: string): Outcome => ({ effect: 'WARN', name, sentence });

const sopClass: Rule = ({ sopClassUid }) =>
  roleOfSopClass(sopClassUid) === 'OTHER_IMAGE'
    ? exclude('SOP_CLASS', `${nameOfSopClass(sopClassUid)} is no radiograph.`)
    : null;

const modality: Rule = ({ series }) => {
  if (series.modality === null) return warn('MODALITY_UNSTATED', 'Modality (0008,0060) is not stated.');
  if (RADIOGRAPHY_MODALITIES.has(series.modality)) return null;
  return CAPTURE_MODALITIES.has(series.modality)
    ? warn('MODALITY_UNSPECIFIC', `Modality ${series.modality} does not say that this is a radiograph.`)
    : exclude('MODALITY', `Modality ${series.modality} is not CR or DX.`);
};

const bodyPart: Rule = ({ series, image }) => {
  const other = image.anatomicRegions.find((region) => !isChestRegion(region));
  if (other !== undefined) {
    return exclude('ANATOMIC_REGION', `Anatomic region ${other.value} (${other.scheme}) is not the chest.`);
  }
  if (series.bodyPart !== null) {
    return isChestBodyPart(series.bodyPart)
      ? null
      : exclude('BODY_PART', `Body part ${series.bodyPart} is not the chest.`);
  }
  return image.anatomicRegions.length > 0
    ? null
    : warn('BODY_PART_UNSTATED', 'The header does not state the body part; a chest film is assumed.');
};

const viewPosition: Rule = ({ series, image }) => {
  const other = image.viewCodes.find((view) => !isFrontalViewCode(view));
  if (other !== undefined) return exclude('VIEW_CODE', `View ${other.value} (${other.scheme}) is not frontal.`);
  if (series.viewPosition !== null) {
    return isFrontalView(series.viewPosition)
      ? null
      : exclude('VIEW_POSITION', `View position ${series.viewPosition} is not PA or AP.`);
  }
  return image.viewCodes.length > 0
    ? null
    : warn('VIEW_POSITION_UNSTATED', 'The header does not state the view position; a frontal view is assumed.');
};

/** Rows of a frontal film run to the patient's left or right, those of a lateral one to front or back. */
const patientOrientation: Rule = ({ image }) => {
  const alongRow = image.patientOrientation[0] ?? '';
  return /^[AP]/.test(alongRow)
    ? exclude(
        'PATIENT_ORIENTATION',
        `Patient orientation ${image.patientOrientation.join('\\')} is that of a lateral view.`,
      )
    : null;
};

/** The series description speaks only where the coded attributes are silent; free text never overrules them. */
const seriesDescription: Rule = ({ series, image }) => {
  const text = series.description;
  if (text === null) return null;
  if (series.bodyPart === null && image.anatomicRegions.length === 0 && describesOtherBodyPart(text)) {
    return exclude('SERIES_DESCRIPTION', 'The series description names a body part other than the chest.');
  }
  if (series.viewPosition === null && image.viewCodes.length === 0 && describesOtherView(text)) {
    return exclude('SERIES_DESCRIPTION', 'The series description names a view that is not frontal.');
  }
  return null;
};

/** A study may hold several body parts, so its description counts only when nothing nearer to the film says chest. */
const studyDescription: Rule = ({ series, study, image }) => {
  const isSilent =
    series.bodyPart === null && image.anatomicRegions.length === 0 && !mentionsChest(series.description ?? '');
  return isSilent && describesOtherBodyPart(study.description ?? '')
    ? exclude('STUDY_DESCRIPTION', 'The study description names a body part other than the chest.')
    : null;
};

const photometricInterpretation: Rule = ({ image }) =>
  image.samplesPerPixel === 1 && MONOCHROME.has(image.photometricInterpretation)
    ? null
    : exclude(
        'PHOTOMETRIC_INTERPRETATION',
        `${image.photometricInterpretation} with ${image.samplesPerPixel} sample(s) per pixel is not monochrome.`,
      );

const numberOfFrames: Rule = ({ image }) =>
  image.numberOfFrames === 1 ? null : exclude('NUMBER_OF_FRAMES', `The image has ${image.numberOfFrames} frames.`);

const bitsStored: Rule = ({ image }) =>
  image.bitsStored >= 8 ? null : exclude('BITS_STORED', `${image.bitsStored} bits stored are fewer than 8.`);

const dimensions: Rule = ({ image }) => {
  const [shorter, longer] = [Math.min(image.rows, image.columns), Math.max(image.rows, image.columns)];
  if (shorter < MINIMUM_READABLE_DIMENSION) {
    return exclude(
      'DIMENSIONS',
      `${image.rows} x ${image.columns} pixels are fewer than ${MINIMUM_READABLE_DIMENSION} in one direction.`,
    );
  }
  return longer > MAXIMUM_ASPECT_RATIO * shorter
    ? exclude('DIMENSIONS', `${image.rows} x ${image.columns} pixels have not the shape of a chest film.`)
    : null;
};

const imageType: Rule = ({ image }) =>
  image.imageType.includes('LOCALIZER') ? exclude('IMAGE_TYPE', 'Image type LOCALIZER is a planning image.') : null;

const presentationIntent: Rule = ({ image }) =>
  image.presentationIntentType === 'FOR PROCESSING'
    ? warn(
        'FOR_PROCESSING',
        'The film is raw detector data for processing, not the rendering that was read clinically.',
      )
    : null;

/** MONOCHROME1 goes with INVERSE, MONOCHROME2 with IDENTITY (PS3.3 section C.8.11.3.1.2). */
const polarity: Rule = ({ image }) => {
  const expected = image.photometricInterpretation === 'MONOCHROME1' ? 'INVERSE' : 'IDENTITY';
  return image.presentationLutShape === null || image.presentationLutShape === expected
    ? null
    : warn(
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
  dimensions,
  imageType,
  bodyPart,
  viewPosition,
  patientOrientation,
  seriesDescription,
  studyDescription,
  presentationIntent,
  polarity,
];

/** Applies every rule to a header. */
export function assessEligibility(header: FilmHeader): EligibilityAssessment {
  const outcomes = RULES.map((rule) => rule(header)).filter((outcome) => outcome !== null);
  const reasonsOf = (effect: 'EXCLUDE' | 'WARN'): string[] =>
    outcomes.filter((outcome) => outcome.effect === effect).map(({ name, sentence }) => `${name}: ${sentence}`);
  const exclusions = reasonsOf('EXCLUDE');
  if (exclusions.length > 0) return { verdict: 'INELIGIBLE', reasons: exclusions };
  const warnings = reasonsOf('WARN');
  return { verdict: warnings.length > 0 ? 'READ_WITH_WARNING' : 'READ', reasons: warnings };
}
