/** One film from a file, whatever its format: the content decides, not the name. */
import { open, readFile } from 'node:fs/promises';
import type { FilmLimits } from '../../config.ts';
import { assessEligibility } from '../../dicom/eligibility.ts';
import { type PixelMemory, readFilm } from '../../dicom/film.ts';
import { GatewayError } from '../../errors.ts';
import type { GrayscaleSource } from '../resize.ts';
import { decodeJpeg } from './jpeg.ts';
import { decodePng } from './png.ts';

const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const JPEG_SIGNATURE = Buffer.from('ffd8ff', 'hex');

/**
 * Reads a film from a DICOM, PNG or JPEG file. DICOM goes through the gate that films pass when they are served, so a
 * model is never measured on what it would never read. PNG and JPEG are taken to have their lungs dark.
 *
 * @param memory - where the pixels of DICOM go; such a film is valid until the next one is read
 * @throws GatewayError as readFilm, decodePng and decodeJpeg; IMAGE_FORMAT_UNSUPPORTED for a film that the gate refuses
 */
export async function loadFilm(path: string, limits: FilmLimits, memory: PixelMemory): Promise<GrayscaleSource> {
  const { signature, size } = await beginningOf(path);
  const isPng = signature.equals(PNG_SIGNATURE);
  const isJpeg = signature.subarray(0, JPEG_SIGNATURE.length).equals(JPEG_SIGNATURE);
  if (isPng || isJpeg) {
    if (size > limits.maxFileBytes) {
      throw new GatewayError('PAYLOAD_TOO_LARGE', `The file has ${size} bytes, over DICOM_MAX_FILE_BYTES.`);
    }
    const bytes = await readFile(path);
    return isPng ? decodePng(bytes, limits) : decodeJpeg(bytes, limits);
  }
  const { header, film } = await readFilm(path, limits, memory);
  const { verdict, reasons } = assessEligibility(header);
  if (verdict === 'INELIGIBLE') {
    throw new GatewayError('IMAGE_FORMAT_UNSUPPORTED', `The gate refuses the film: ${reasons.join(' ')}`);
  }
  return film;
}

async function beginningOf(path: string): Promise<{ signature: Buffer; size: number }> {
  const file = await open(path).catch((cause: unknown) => {
    throw new GatewayError('NOT_FOUND', 'The file cannot be opened.', {}, { cause });
  });
  try {
    const buffer = Buffer.alloc(PNG_SIGNATURE.length);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return { signature: buffer.subarray(0, bytesRead), size: (await file.stat()).size };
  } finally {
    await file.close();
  }
}
