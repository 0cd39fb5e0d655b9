/** Attributes that say how Pixel Data is to be read: Image Pixel Module (PS3.3 section C.7.6.3) and its neighbours. */
import type { FilmLimits } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { type Keyword, nameOf } from './attributes.ts';
import type { DataSet } from './data-set.ts';
import {
  type CodedConcept,
  type LookupTable,
  readConcepts,
  readLookupTable,
  readWindows,
  type VoiWindow,
} from './image-tables.ts';

/** Fewest rows, and fewest columns, of something that is an image. */
const MINIMUM_DIMENSION = 16;

/** How stored values lie in the file and become grey. */
export interface ImageAttributes {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  /** 8 or 16. */
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  /** 1: two's complement. */
  readonly pixelRepresentation: 0 | 1;
  /** Upper case, such as MONOCHROME2. */
  readonly photometricInterpretation: string;
  readonly numberOfFrames: number;
  readonly imageType: readonly string[];
  /** FOR PRESENTATION or FOR PROCESSING, when stated. */
  readonly presentationIntentType: string | null;
  readonly rescaleSlope: number | null;
  readonly rescaleIntercept: number | null;
  readonly modalityLut: LookupTable | null;
  readonly windows: readonly VoiWindow[];
  readonly voiLutFunction: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';
  readonly voiLut: LookupTable | null;
  /** IDENTITY or INVERSE, when stated. */
  readonly presentationLutShape: string | null;
  readonly pixelPaddingValue: number | null;
  readonly pixelPaddingRangeLimit: number | null;
  /** LIN, LOG or DISP, when stated. */
  readonly pixelIntensityRelationship: string | null;
  readonly pixelIntensityRelationshipSign: number | null;
  readonly anatomicRegions: readonly CodedConcept[];
  readonly viewCodes: readonly CodedConcept[];
  /** Directions of rows and columns, such as L, F (PS3.3 section C.7.6.1.1.1). */
  readonly patientOrientation: readonly string[];
}

/**
 * Reads and checks the attributes of an image.
 *
 * @throws GatewayError MISSING_ATTRIBUTE, INVALID_ATTRIBUTE, IMAGE_DIMENSIONS_UNSUPPORTED, IMAGE_FORMAT_UNSUPPORTED
 */
export function readImageAttributes(dataSet: DataSet, limits: FilmLimits): ImageAttributes {
  const pixelRepresentation = readPixelRepresentation(dataSet);
  const signed = pixelRepresentation === 1;
  return {
    ...readDimensions(dataSet, limits),
    ...readBits(dataSet),
    pixelRepresentation,
    samplesPerPixel: readSamplesPerPixel(dataSet),
    photometricInterpretation: required(dataSet, 'PhotometricInterpretation'),
    numberOfFrames: readNumberOfFrames(dataSet),
    imageType: dataSet.strings('ImageType').map((value) => value.toUpperCase()),
    presentationIntentType: dataSet.code('PresentationIntentType'),
    rescaleSlope: dataSet.decimal('RescaleSlope'),
    rescaleIntercept: dataSet.decimal('RescaleIntercept'),
    modalityLut: readLookupTable(dataSet.items('ModalityLUTSequence')[0], signed),
    windows: readWindows(dataSet),
    voiLutFunction: readVoiLutFunction(dataSet),
    voiLut: readLookupTable(dataSet.items('VOILUTSequence')[0], signed),
    presentationLutShape: dataSet.code('PresentationLUTShape'),
    pixelPaddingValue: dataSet.integer('PixelPaddingValue', signed),
    pixelPaddingRangeLimit: dataSet.integer('PixelPaddingRangeLimit', signed),
    pixelIntensityRelationship: dataSet.code('PixelIntensityRelationship'),
    pixelIntensityRelationshipSign: dataSet.integer('PixelIntensityRelationshipSign', true),
    anatomicRegions: readConcepts(dataSet.items('AnatomicRegionSequence')),
    viewCodes: readConcepts(dataSet.items('ViewCodeSequence')),
    patientOrientation: dataSet.strings('PatientOrientation').map((value) => value.toUpperCase()),
  };
}

/**
 * Bytes that Pixel Data must have without the padding to an even length (PS3.5 section 8.1.1). Chrominance of
 * YBR_FULL_422 is halved (PS3.3 section C.7.6.3.1.2).
 */
export function pixelDataBytes(image: ImageAttributes): number {
  const samples = image.photometricInterpretation === 'YBR_FULL_422' ? 2 : image.samplesPerPixel;
  return image.numberOfFrames * image.rows * image.columns * samples * (image.bitsAllocated / 8);
}

function readDimensions(dataSet: DataSet, limits: FilmLimits): { rows: number; columns: number } {
  const rows = dataSet.requiredInteger('Rows');
  const columns = dataSet.requiredInteger('Columns');
  if (Math.min(rows, columns) < MINIMUM_DIMENSION || Math.max(rows, columns) > limits.maxDimension) {
    throw new GatewayError(
      'IMAGE_DIMENSIONS_UNSUPPORTED',
      `The image has ${rows} rows and ${columns} columns; ${MINIMUM_DIMENSION} to ${limits.maxDimension} are read.`,
    );
  }
  return { rows, columns };
}

function readBits(dataSet: DataSet): { bitsAllocated: number; bitsStored: number; highBit: number } {
  const bitsAllocated = dataSet.requiredInteger('BitsAllocated');
  if (bitsAllocated !== 8 && bitsAllocated !== 16) {
    throw new GatewayError('IMAGE_FORMAT_UNSUPPORTED', `The image has ${bitsAllocated} bits allocated.`);
  }
  const bitsStored = dataSet.requiredInteger('BitsStored');
  if (bitsStored < 1 || bitsStored > bitsAllocated) throw invalid('BitsStored', `${bitsStored} of ${bitsAllocated}`);
  const highBit = dataSet.requiredInteger('HighBit');
  if (highBit < bitsStored - 1 || highBit >= bitsAllocated) throw invalid('HighBit', String(highBit));
  return { bitsAllocated, bitsStored, highBit };
}

function readPixelRepresentation(dataSet: DataSet): 0 | 1 {
  const value = dataSet.requiredInteger('PixelRepresentation');
  if (value !== 0 && value !== 1) throw invalid('PixelRepresentation', String(value));
  return value;
}

function readSamplesPerPixel(dataSet: DataSet): number {
  const samples = dataSet.requiredInteger('SamplesPerPixel');
  if (samples < 1 || samples > 4) throw invalid('SamplesPerPixel', String(samples));
  return samples;
}

function readNumberOfFrames(dataSet: DataSet): number {
  if (dataSet.bytes('NumberOfFrames') === undefined) return 1;
  const frames = dataSet.decimal('NumberOfFrames');
  // Senders of single images write 0; what there is of Pixel Data is held against one frame.
  if (frames === 0) return 1;
  if (frames === null || !Number.isInteger(frames) || frames < 1) throw invalid('NumberOfFrames', String(frames));
  return frames;
}

function readVoiLutFunction(dataSet: DataSet): ImageAttributes['voiLutFunction'] {
  const value = dataSet.code('VOILUTFunction');
  return value === 'LINEAR_EXACT' || value === 'SIGMOID' ? value : 'LINEAR';
}

function required(dataSet: DataSet, keyword: Keyword): string {
  const value = dataSet.code(keyword);
  if (value === null) throw new GatewayError('MISSING_ATTRIBUTE', `${nameOf(keyword)} is missing or empty.`);
  return value;
}

function invalid(keyword: Keyword, value: string): GatewayError {
  return new GatewayError('INVALID_ATTRIBUTE', `${nameOf(keyword)} is ${value}, which is not valid.`);
}
