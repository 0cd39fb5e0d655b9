/** Storage SOP classes of PS3.4 annex B.5 (UIDs and names of PS3.6 annex A) and what the gateway does with each. */

/** What an object of a SOP class is to the gateway. */
export type SopClassRole =
  /** A projection radiograph that may be a chest film. */
  | 'RADIOGRAPH'
  /** An image of unknown origin: read when nothing speaks against it. */
  | 'SECONDARY_CAPTURE'
  /** An image that is no radiograph: stored, never read. */
  | 'OTHER_IMAGE'
  /** No image: refused. */
  | 'NO_IMAGE';

/** Verification SOP Class (PS3.4 annex A). */
export const VERIFICATION = '1.2.840.10008.1.1';

const STORAGE = '1.2.840.10008.5.1.4.1.1.';

/** Digital X-Ray Image Storage - For Presentation. */
export const DX_IMAGE_FOR_PRESENTATION = `${STORAGE}1.1`;

/** Secondary Capture Image Storage. */
export const SECONDARY_CAPTURE_IMAGE = `${STORAGE}7`;

/** UID after {@link STORAGE}, role, name. */
const TABLE: readonly (readonly [suffix: string, role: SopClassRole, name: string])[] = [
  ['1', 'RADIOGRAPH', 'Computed Radiography Image Storage'],
  ['1.1', 'RADIOGRAPH', 'Digital X-Ray Image Storage - For Presentation'],
  ['1.1.1', 'RADIOGRAPH', 'Digital X-Ray Image Storage - For Processing'],
  ['7', 'SECONDARY_CAPTURE', 'Secondary Capture Image Storage'],
  ['7.2', 'SECONDARY_CAPTURE', 'Multi-frame Grayscale Byte Secondary Capture Image Storage'],
  ['7.3', 'SECONDARY_CAPTURE', 'Multi-frame Grayscale Word Secondary Capture Image Storage'],
  ['7.1', 'OTHER_IMAGE', 'Multi-frame Single Bit Secondary Capture Image Storage'],
  ['7.4', 'OTHER_IMAGE', 'Multi-frame True Color Secondary Capture Image Storage'],
  ['1.2', 'OTHER_IMAGE', 'Digital Mammography X-Ray Image Storage - For Presentation'],
  ['1.2.1', 'OTHER_IMAGE', 'Digital Mammography X-Ray Image Storage - For Processing'],
  ['1.3', 'OTHER_IMAGE', 'Digital Intra-Oral X-Ray Image Storage - For Presentation'],
  ['1.3.1', 'OTHER_IMAGE', 'Digital Intra-Oral X-Ray Image Storage - For Processing'],
  ['2', 'OTHER_IMAGE', 'CT Image Storage'],
  ['2.1', 'OTHER_IMAGE', 'Enhanced CT Image Storage'],
  ['3.1', 'OTHER_IMAGE', 'Ultrasound Multi-frame Image Storage'],
  ['4', 'OTHER_IMAGE', 'MR Image Storage'],
  ['4.1', 'OTHER_IMAGE', 'Enhanced MR Image Storage'],
  ['6.1', 'OTHER_IMAGE', 'Ultrasound Image Storage'],
  ['12.1', 'OTHER_IMAGE', 'X-Ray Angiographic Image Storage'],
  ['12.2', 'OTHER_IMAGE', 'X-Ray Radiofluoroscopic Image Storage'],
  ['13.1.3', 'OTHER_IMAGE', 'Breast Tomosynthesis Image Storage'],
  ['20', 'OTHER_IMAGE', 'Nuclear Medicine Image Storage'],
  ['77.1.1', 'OTHER_IMAGE', 'VL Endoscopic Image Storage'],
  ['77.1.4', 'OTHER_IMAGE', 'VL Photographic Image Storage'],
  ['128', 'OTHER_IMAGE', 'Positron Emission Tomography Image Storage'],
  ['481.1', 'OTHER_IMAGE', 'RT Image Storage'],
  ['481.2', 'OTHER_IMAGE', 'RT Dose Storage'],
  ['9.1.1', 'NO_IMAGE', '12-lead ECG Waveform Storage'],
  ['9.1.2', 'NO_IMAGE', 'General ECG Waveform Storage'],
  ['9.1.3', 'NO_IMAGE', 'Ambulatory ECG Waveform Storage'],
  ['9.2.1', 'NO_IMAGE', 'Hemodynamic Waveform Storage'],
  ['9.4.1', 'NO_IMAGE', 'Basic Voice Audio Waveform Storage'],
  ['11.1', 'NO_IMAGE', 'Grayscale Softcopy Presentation State Storage'],
  ['11.2', 'NO_IMAGE', 'Color Softcopy Presentation State Storage'],
  ['66', 'NO_IMAGE', 'Raw Data Storage'],
  ['66.1', 'NO_IMAGE', 'Spatial Registration Storage'],
  ['66.2', 'NO_IMAGE', 'Spatial Fiducials Storage'],
  ['67', 'NO_IMAGE', 'Real World Value Mapping Storage'],
  ['88.11', 'NO_IMAGE', 'Basic Text SR Storage'],
  ['88.22', 'NO_IMAGE', 'Enhanced SR Storage'],
  ['88.33', 'NO_IMAGE', 'Comprehensive SR Storage'],
  ['88.34', 'NO_IMAGE', 'Comprehensive 3D SR Storage'],
  ['88.50', 'NO_IMAGE', 'Mammography CAD SR Storage'],
  ['88.59', 'NO_IMAGE', 'Key Object Selection Document Storage'],
  ['88.65', 'NO_IMAGE', 'Chest CAD SR Storage'],
  ['88.67', 'NO_IMAGE', 'X-Ray Radiation Dose SR Storage'],
  ['104.1', 'NO_IMAGE', 'Encapsulated PDF Storage'],
  ['104.2', 'NO_IMAGE', 'Encapsulated CDA Storage'],
  ['481.3', 'NO_IMAGE', 'RT Structure Set Storage'],
  ['481.4', 'NO_IMAGE', 'RT Beams Treatment Record Storage'],
  ['481.5', 'NO_IMAGE', 'RT Plan Storage'],
  ['481.8', 'NO_IMAGE', 'RT Ion Plan Storage'],
];

interface SopClass {
  readonly role: SopClassRole;
  readonly name: string;
}

const SOP_CLASSES: ReadonlyMap<string, SopClass> = new Map(
  TABLE.map(([suffix, role, name]) => [STORAGE + suffix, { role, name }]),
);

/** Media Storage Directory Storage: a DICOMDIR, the only object outside {@link STORAGE} that comes as a file. */
const MEDIA_STORAGE_DIRECTORY = '1.2.840.10008.1.3.10';

/** Role of a SOP class; a class that is not in the table (private or newer) is an image if it has Pixel Data. */
export function roleOfSopClass(uid: string): SopClassRole {
  if (uid === MEDIA_STORAGE_DIRECTORY) return 'NO_IMAGE';
  return SOP_CLASSES.get(uid)?.role ?? 'OTHER_IMAGE';
}

/** Name with UID, for messages; the UID alone when it is not in the table. */
export function nameOfSopClass(uid: string): string {
  const name = SOP_CLASSES.get(uid)?.name;
  return name === undefined ? uid : `${name} (${uid})`;
}

/** Every storage class of images in the order of the table: radiographs first. */
export function imageSopClasses(): readonly { readonly uid: string; readonly role: SopClassRole }[] {
  return [...SOP_CLASSES].flatMap(([uid, { role }]) => (role === 'NO_IMAGE' ? [] : [{ uid, role }]));
}
