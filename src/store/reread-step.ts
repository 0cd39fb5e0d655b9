/**
 * Queues the next readings of a job, within the transaction that moves its cursor.
 *
 * Of each film a version has one reading. A film that it has read is passed over, one whose reading failed or was cancelled is
 * read again, under the job. Readings by a version out of clinical use are shadow readings; one that was clinical stays so,
 * because it is the film's own, and a shadow reading by a version that has come into clinical use since is taken into it.
 */
import { appendAudit, appendAuditedChanges } from './audit/append.ts';
import { systemActor } from './audit/audit-entry.ts';
import type { Transaction } from './client.ts';
import type { RereadJob } from './generated/client.ts';
import type { InferenceState } from './generated/enums.ts';
import { changeOf } from './inference-state.ts';
import { entryOf, queueAgain, takeIntoClinicalUse } from './inference-steps.ts';
import type { InferenceQueue } from './queue.ts';
import { type FilmPlace, filmsAfter, type SelectedFilm } from './reread-selection.ts';
import { selectionOf } from './reread-state.ts';

/** Films of one step, most of which may have been read already. */
const FILMS_A_STEP = 200;

/** Queues what others have asked for. */
export const RUNNER = systemActor('reread');

/** Queues at most `room` readings of the next films. */
export async function queueNext(
  tx: Transaction,
  queue: InferenceQueue,
  job: RereadJob,
  clinical: boolean,
  room: number,
): Promise<{ readonly enqueued: number; readonly skipped: number; readonly reached: FilmPlace }> {
  const { modelVersionId, createdAt: before } = job;
  const wanted = { selection: selectionOf(job), modelVersionId, before };
  const ahead = await filmsAfter(tx, wanted, placeOf(job), FILMS_A_STEP);
  const taken = upToRoom(ahead.films, room);
  const fresh = taken.filter(({ inferenceId }) => inferenceId === null);
  let enqueued = await create(tx, queue, job, clinical, fresh);
  for (const { id: instanceId, inferenceId: id, studyId, patientId, state, shadow } of taken) {
    if (id === null || state === null) continue;
    const keys = { id, instanceId, studyId, patientId, modelVersionId, priority: 'BACKGROUND' } as const;
    const isPublished = clinical && shadow === true;
    if (isPublished) await takeIntoClinicalUse(tx, id);
    const details = { rereadJobId: job.id, ...(isPublished ? { shadow: false } : {}) };
    const recordOf = (to: InferenceState) => entryOf(keys, to, { details: { ...details, state: to } });
    const wantedAgain = { priority: 'BACKGROUND', rereadJobId: job.id } as const;
    const record = { by: RUNNER, entry: recordOf('QUEUED') };
    const isQueued = hasFailed(state) && (await queueAgain(tx, queue, keys, wantedAgain, record));
    if (isQueued) enqueued += 1;
    else if (isPublished) await appendAudit(tx, RUNNER, [recordOf(state)]);
  }
  const reached = taken.length === ahead.films.length ? ahead.reached : (taken.at(-1) ?? ahead.reached);
  return { enqueued, skipped: taken.length - enqueued, reached };
}

async function create(
  tx: Transaction,
  queue: InferenceQueue,
  job: RereadJob,
  clinical: boolean,
  films: readonly SelectedFilm[],
): Promise<number> {
  if (films.length === 0) return 0;
  const created = await tx.inference.createManyAndReturn({
    data: films.map(({ id: instanceId, studyId, patientId, eligibility, eligibilityReasons }) => ({
      ...{ instanceId, studyId, patientId, modelVersionId: job.modelVersionId },
      rereadJobId: job.id,
      shadow: !clinical,
      priority: 'BACKGROUND' as const,
      warnings: eligibility === 'READ_WITH_WARNING' ? [...eligibilityReasons] : [],
    })),
    // Another request may have been quicker.
    skipDuplicates: true,
  });
  if (created.length === 0) return 0;
  const details = { state: 'QUEUED', rereadJobId: job.id };
  await appendAuditedChanges(
    tx,
    created.map((inference) => changeOf('INFERENCE_QUEUED', inference)),
    RUNNER,
    created.map((inference) => entryOf(inference, 'QUEUED', { action: 'CREATE', details })),
  );
  for (const inference of created) await queue.enqueue(tx, inference);
  return created.length;
}

/** The films before the first that finds no room. */
function upToRoom(films: readonly SelectedFilm[], room: number): readonly SelectedFilm[] {
  let left = room;
  const end = films.findIndex(({ state }) => {
    if (state === null || hasFailed(state)) left -= 1;
    return left < 0;
  });
  return end < 0 ? films : films.slice(0, end);
}

function hasFailed(state: InferenceState): boolean {
  return state === 'FAILED' || state === 'CANCELLED';
}

function placeOf({ cursorCreatedAt, cursorId }: RereadJob): FilmPlace | null {
  return cursorCreatedAt === null || cursorId === null ? null : { createdAt: cursorCreatedAt, id: cursorId };
}
