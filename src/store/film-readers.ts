/**
 * Which model versions read a new film.
 *
 * One reading is clinical: by the canary, when the film is of its share or sources, else by the active version. Each SHADOW
 * version makes one besides, whose findings stay apart. The versions are those of the moment; a move afterwards changes nothing
 * of what is queued.
 */
import { GatewayError } from '../errors.ts';
import { goesToCanary } from './canary.ts';
import type { Transaction } from './client.ts';
import type { InstanceRecord } from './instance-records.ts';

/** A model version that reads a new film. */
export interface FilmReader {
  readonly modelVersionId: string;
  readonly shadow: boolean;
}

/**
 * Who reads a new film: the clinical version first, then the shadows.
 *
 * @throws GatewayError MODEL_NOT_ACTIVE
 */
export async function readersOf(
  tx: Transaction,
  { study, sources = [] }: Pick<InstanceRecord, 'study' | 'sources'>,
): Promise<readonly FilmReader[]> {
  const versions = await tx.modelVersion.findMany({
    where: { state: { in: ['ACTIVE', 'CANARY', 'SHADOW'] } },
    select: { id: true, state: true, canaryShare: true, canarySources: true },
  });
  const active = versions.find(({ state }) => state === 'ACTIVE');
  if (active === undefined) {
    throw new GatewayError('MODEL_NOT_ACTIVE', 'No model version is active, so films cannot be read.');
  }
  const canary = versions.find(({ state }) => state === 'CANARY');
  const taken = canary !== undefined && goesToCanary(canary, study.studyInstanceUid, sources);
  const shadows = versions.filter(({ state }) => state === 'SHADOW');
  return [
    { modelVersionId: (taken ? canary : active).id, shadow: false },
    ...shadows.map(({ id }) => ({ modelVersionId: id, shadow: true })),
  ];
}
