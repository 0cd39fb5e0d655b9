/** What is proposed to receive a study by C-GET, where nobody knows beforehand what it holds. */
import type { ProposedContext } from '../../dicom/network/association.ts';
import { imageSopClasses, SECONDARY_CAPTURE_IMAGE } from '../../dicom/sop-classes.ts';
import {
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  READABLE_TRANSFER_SYNTAXES,
} from '../../dicom/transfer-syntaxes.ts';

/** The node is the user of the storage service, the gateway its provider (PS3.4 section C.5.3). */
const PROVIDER = { scu: false, scp: true } as const;

const UNCOMPRESSED = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN];

const OTHERS = READABLE_TRANSFER_SYNTAXES.map(({ uid }) => uid).filter((uid) => !UNCOMPRESSED.includes(uid));

/** PS3.8 section 9.3.2.2: odd numbers of one byte; one is for C-GET itself. */
const MAXIMUM_CONTEXTS = 127;

/**
 * Contexts for every image storage class. A node accepts one transfer syntax of a context, and many nodes send only films
 * that are stored in it: radiographs and secondary captures therefore get a context for each compressed syntax, so that
 * every film comes as it is stored; other images get two contexts, since an association has no room for more.
 */
export function storageContexts(): readonly ProposedContext[] {
  const contexts = imageSopClasses().flatMap(({ uid, role }) => {
    const isUsual = role === 'RADIOGRAPH' || uid === SECONDARY_CAPTURE_IMAGE;
    const compressed = isUsual ? OTHERS.map((syntax) => [syntax]) : [OTHERS];
    return [UNCOMPRESSED, ...compressed].map((transferSyntaxes) => ({
      abstractSyntax: uid,
      transferSyntaxes,
      role: PROVIDER,
    }));
  });
  return contexts.slice(0, MAXIMUM_CONTEXTS);
}
