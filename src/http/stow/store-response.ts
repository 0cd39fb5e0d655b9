/** What a STOW-RS request is answered: status (PS3.18 section 10.5.3.1) and Store Instances Response Module (annex I). */
import type { GatewayError } from '../../errors.ts';
import { retryAfterSeconds } from '../error-answer.ts';
import type { Attribute, DataSet } from './data-set.ts';

/** How one instance of the request ended. */
export type InstanceOutcome =
  | { readonly stored: true; readonly sopInstanceUid: string; readonly sopClassUid: string }
  | { readonly stored: false; readonly error: GatewayError };

/** How a request ended. */
export interface StoreOutcome {
  /** In the order of the parts; an instance that was stored before with the same bytes counts as stored. */
  readonly instances: readonly InstanceOutcome[];
  /** Why the request could not be read to its end; undefined when it could. */
  readonly interruption: GatewayError | undefined;
}

/** DICOM failure reasons by which a receiver says that it could not make sense of the bytes (PS3.18 table I.2-2, Cxxx). */
const CANNOT_UNDERSTAND = 0xc000;

/**
 * The status of the whole request.
 *
 * - A request that could not be read to its end has the status of that, 400, 408 or 413, also when instances before that
 *   point were stored: the module lists them, but not those that never arrived, so 202 would let a sender believe that
 *   every instance is accounted for. Sending all of it again is harmless.
 * - 200 when all are stored, 202 when some are.
 * - When none is: 415, 413 or 503 when that holds for each of them; 400 when each was no readable DICOM; 500 when the
 *   gateway is at fault for each; else 409, which table 10.5.3-1 also gives to a mixture of reasons.
 */
export function statusOf({ instances, interruption }: StoreOutcome): number {
  if (interruption !== undefined) return interruption.status;
  const failures = failuresOf(instances);
  if (failures.length === 0) return 200;
  if (failures.length < instances.length) return 202;
  for (const status of [415, 413, 503]) if (failures.every((error) => error.status === status)) return status;
  if (failures.every((error) => error.status >= 500)) return 500;
  return failures.every((error) => error.status === 400 && error.dicomStatus === CANNOT_UNDERSTAND) ? 400 : 409;
}

/** Seconds after which to send again, when the status is 503. */
export function retryAfterOf({ instances }: StoreOutcome): number {
  return Math.max(1, ...failuresOf(instances).map((error) => retryAfterSeconds(error) ?? 0));
}

/** The errors of all that failed, the interruption last. */
export function problemsOf({ instances, interruption }: StoreOutcome): readonly GatewayError[] {
  return [...failuresOf(instances), ...(interruption === undefined ? [] : [interruption])];
}

/**
 * Table I.1-1. Retrieve URL is of type 2 and stays empty: films cannot be retrieved from the gateway. A failure whose
 * SOP Class and Instance UID are known is in the Failed SOP Sequence, where both are of type 1; others, also the
 * interruption of the request, are in the Other Failures Sequence. Warning Reason is for instances that were changed
 * when stored; none is.
 */
export function responseModule(outcome: StoreOutcome): DataSet {
  const failed: DataSet[] = [];
  const referenced: DataSet[] = [];
  const other: DataSet[] = [];
  for (const instance of outcome.instances) {
    if (instance.stored) {
      referenced.push([...reference(instance.sopClassUid, instance.sopInstanceUid), RETRIEVE_URL]);
      continue;
    }
    const { sopClassUid, sopInstanceUid } = instance.error.details;
    if (sopClassUid === undefined || sopInstanceUid === undefined) other.push([failureReason(instance.error)]);
    else failed.push([...reference(sopClassUid, sopInstanceUid), failureReason(instance.error)]);
  }
  if (outcome.interruption !== undefined) other.push([failureReason(outcome.interruption)]);
  return [
    RETRIEVE_URL,
    ...sequence('00081198', 'FailedSOPSequence', failed),
    ...sequence('00081199', 'ReferencedSOPSequence', referenced),
    ...sequence('0008119A', 'OtherFailuresSequence', other),
  ];
}

const RETRIEVE_URL: Attribute = { tag: '00081190', keyword: 'RetrieveURL', vr: 'UR', values: [] };

/** SOP Instance Reference Macro (PS3.3 table 10-11). */
function reference(sopClassUid: string, sopInstanceUid: string): Attribute[] {
  return [
    { tag: '00081150', keyword: 'ReferencedSOPClassUID', vr: 'UI', values: [sopClassUid] },
    { tag: '00081155', keyword: 'ReferencedSOPInstanceUID', vr: 'UI', values: [sopInstanceUid] },
  ];
}

function failureReason(error: GatewayError): Attribute {
  return { tag: '00081197', keyword: 'FailureReason', vr: 'US', values: [error.dicomStatus] };
}

/** The sequences are of type 1C: absent when they have no item. */
function sequence(tag: string, keyword: string, items: readonly DataSet[]): Attribute[] {
  return items.length === 0 ? [] : [{ tag, keyword, vr: 'SQ', values: items }];
}

function failuresOf(instances: readonly InstanceOutcome[]): readonly GatewayError[] {
  return instances.flatMap((instance) => (instance.stored ? [] : [instance.error]));
}
