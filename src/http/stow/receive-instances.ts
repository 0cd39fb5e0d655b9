/** Takes the parts of a STOW-RS request in, as they arrive. */
import { GatewayError, toGatewayError } from '../../errors.ts';
import type { Ingest, IngestSource } from '../../ingest.ts';
import type { AuditActor } from '../../store/audit/audit-entry.ts';
import { parseMediaType } from '../media-type.ts';
import { givingMemoryBack } from '../multipart/give-back-memory.ts';
import type { Part } from '../multipart/reader.ts';
import type { InstanceOutcome, StoreOutcome } from './store-response.ts';

/**
 * Instances of one request whose bytes have arrived but whose commit is under way. The disk syncs one film while the
 * network brings the next; more in flight gains nothing and would let one sender take all of the database's connections.
 */
const MAX_COMMITTING = 4;

/** How to take them in. */
export interface ReceiveOptions {
  readonly ingest: Ingest;
  /** Who sends. */
  readonly by: AuditActor;
  /** The study that the sender named in the address. */
  readonly expectedStudyInstanceUid: string | undefined;
  readonly maxParts: number;
}

/**
 * Gives each part to the ingest with back-pressure. A part that fails does not stop those behind it; when the message
 * itself breaks off, the part that was arriving fails and what was stored before stays. Never rejects.
 */
export async function receiveInstances(parts: AsyncIterable<Part>, options: ReceiveOptions): Promise<StoreOutcome> {
  const outcomes: Promise<InstanceOutcome>[] = [];
  const committing = new Set<Promise<InstanceOutcome>>();
  let interruption: GatewayError | undefined;
  try {
    for await (const part of parts) {
      if (outcomes.length === options.maxParts) {
        throw new GatewayError(
          'TOO_MANY_PARTS',
          `The request has more parts than STOW_MAX_PARTS (${options.maxParts}).`,
        );
      }
      const outcome = receivePart(part, options);
      outcomes.push(outcome);
      committing.add(outcome);
      void outcome.then(() => committing.delete(outcome));
      // An outcome that comes before the end of the bytes is a refusal: the rest of the part is skipped.
      await Promise.race([part.released, outcome]);
      if (committing.size >= MAX_COMMITTING) await Promise.race(committing);
    }
  } catch (error) {
    interruption = toGatewayError(error);
  }
  const instances = await Promise.all(outcomes);
  // The part that was arriving failed of the same error; it is reported once, as what it is: the request's.
  return { instances: instances.filter((one) => one.stored || one.error !== interruption), interruption };
}

async function receivePart(
  part: Part,
  { ingest, by, expectedStudyInstanceUid }: ReceiveOptions,
): Promise<InstanceOutcome> {
  try {
    requireDicom(part.headers.get('content-type'));
    const source: IngestSource = {
      door: 'STOW_RS',
      by,
      ...(expectedStudyInstanceUid === undefined ? {} : { expectedStudyInstanceUid }),
    };
    const { sopInstanceUid, sopClassUid } = await ingest.accept(givingMemoryBack(part.body), source);
    return { stored: true, sopInstanceUid, sopClassUid };
  } catch (error) {
    return { stored: false, error: toGatewayError(error) };
  }
}

/** PS3.18 table 8.7.3-1: a part of a store request holds one Part 10 file. One that does not say what it is, is taken for that. */
function requireDicom(contentType: string | undefined): void {
  if (contentType === undefined || parseMediaType(contentType)?.essence === 'application/dicom') return;
  throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'Each part must be application/dicom.');
}
