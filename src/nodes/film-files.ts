/** Part 10 files as films to send. */
import { withFileWindow } from '../dicom/file-window.ts';
import { readFileMeta } from '../dicom/part10.ts';
import { isUid } from '../dicom/uid.ts';
import { GatewayError } from '../errors.ts';
import type { OutgoingFilm } from './node-client.ts';

/** What is known of a film besides its file; real files lack some of their meta information. */
export type KnownFilm = Partial<Pick<OutgoingFilm, 'sopClassUid' | 'sopInstanceUid'>>;

/**
 * Reads the file meta information.
 *
 * @throws GatewayError NOT_DICOM, TRUNCATED_FILE, MALFORMED_DICOM, BLOB_UNREADABLE, MISSING_ATTRIBUTE
 */
export async function openFilm(path: string, known: KnownFilm = {}): Promise<OutgoingFilm> {
  return withFileWindow(path, async (window) => {
    const { elements, transferSyntaxUid, dataSetStart } = readFileMeta(window);
    const sopClassUid = known.sopClassUid ?? elements.text('MediaStorageSOPClassUID') ?? '';
    const sopInstanceUid = known.sopInstanceUid ?? elements.text('MediaStorageSOPInstanceUID') ?? '';
    if (!isUid(sopClassUid) || !isUid(sopInstanceUid)) {
      throw new GatewayError('MISSING_ATTRIBUTE', 'The file meta information lacks the SOP Class or Instance UID.');
    }
    return { path, sopClassUid, sopInstanceUid, transferSyntaxUid, dataSetStart };
  });
}
