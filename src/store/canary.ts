/** Which version reads a film for the clinic while there is a canary. */
import { createHash } from 'node:crypto';

/** A canary, and which films go to it. */
export interface Canary {
  readonly id: string;
  /** 0 to 1; null: none by share. */
  readonly canaryShare: number | null;
  /** Calling AE titles and names of doors. */
  readonly canarySources: readonly string[];
}

const TWO_TO_THE_32 = 2 ** 32;

/**
 * Whether the share of a canary holds a study. A study always falls on the same side, so its films are read by one version, and
 * a study that a share holds is held by every larger share. Each version draws anew.
 *
 * @param share - 0 to 1
 */
export function canaryTakes(studyInstanceUid: string, modelVersionId: string, share: number): boolean {
  const hash = createHash('sha256').update(`${modelVersionId}:${studyInstanceUid}`).digest();
  return hash.readUInt32BE(0) / TWO_TO_THE_32 < share;
}

/** Whether a film goes to the canary, by where it comes from or by its study. */
export function goesToCanary(canary: Canary, studyInstanceUid: string, sources: readonly string[]): boolean {
  const { id, canaryShare, canarySources } = canary;
  if (sources.some((source) => canarySources.includes(source))) return true;
  return canaryShare !== null && canaryTakes(studyInstanceUid, id, canaryShare);
}
