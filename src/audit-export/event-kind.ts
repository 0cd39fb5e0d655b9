/**
 * Which message of PS3.15 A.5.3 a record becomes. The first rule that fits decides; what fits none is the use of a restricted
 * function, as everything is that needs a permission and shows nobody's data.
 */
import type { AuditedEvent } from '../store/reads/audit-subjects.ts';
import { type Code, EVENT_TYPES, EVENTS } from './codes.ts';
import { detailsOf } from './record-details.ts';

/** Which message, and which kind of it where PS3.15 asks for one. */
export interface EventKind {
  readonly event: Code;
  readonly type: Code | null;
  /** Which way instances went: to the gateway, or from it. */
  readonly direction?: 'IN' | 'OUT';
}

interface Rule extends EventKind {
  fits(event: AuditedEvent): boolean;
}

/** A root field or command is one of these words. */
const named = (pattern: RegExp) => (event: AuditedEvent) => pattern.test(event.record.operation);
const changes = ({ record }: AuditedEvent) => record.action !== 'READ';
const denied = ({ record }: AuditedEvent) => record.outcome === 'DENIED';
const refusedIdentity = ({ record }: AuditedEvent) => record.errorCode === 'UNAUTHENTICATED';
const ofNode = ({ record }: AuditedEvent) => record.identityKind === 'DICOM_NODE';

const RULES: readonly Rule[] = [
  {
    event: EVENTS.SECURITY_ALERT,
    type: EVENT_TYPES.NODE_AUTHENTICATION,
    fits: (event) => refusedIdentity(event) && ofNode(event),
  },
  { event: EVENTS.USER_AUTHENTICATION, type: EVENT_TYPES.LOGIN, fits: refusedIdentity },
  { event: EVENTS.SECURITY_ALERT, type: EVENT_TYPES.USE_OF_RESTRICTED_FUNCTION, fits: denied },
  { event: EVENTS.AUDIT_LOG_USED, type: null, fits: named(/\b(auditTrail|patientAccessLog|auditHead)\b|^audit /) },
  {
    event: EVENTS.APPLICATION_ACTIVITY,
    type: EVENT_TYPES.APPLICATION_START,
    fits: named(/^application start$/),
  },
  { event: EVENTS.APPLICATION_ACTIVITY, type: EVENT_TYPES.APPLICATION_STOP, fits: named(/^application stop$/) },
  {
    event: EVENTS.SECURITY_ALERT,
    type: EVENT_TYPES.EMERGENCY_OVERRIDE_STARTED,
    fits: (event) => changes(event) && named(/\bopenBreakGlass\b/)(event),
  },
  {
    event: EVENTS.SECURITY_ALERT,
    type: EVENT_TYPES.EMERGENCY_OVERRIDE_STOPPED,
    fits: (event) => changes(event) && named(/\bendBreakGlass\b/)(event),
  },
  {
    event: EVENTS.SECURITY_ALERT,
    type: EVENT_TYPES.USER_SECURITY_ATTRIBUTES_CHANGED,
    fits: (event) => changes(event) && named(/ApiKey\b|\bapi-key\b|\brevokeIdentity\b/)(event),
  },
  { event: EVENTS.QUERY, type: null, fits: named(/\bremoteStudies\b/) },
  {
    event: EVENTS.IMPORT,
    type: null,
    direction: 'IN',
    fits: (event) => bringsInstances(event) && named(/\bingestInstances\b/)(event),
  },
  { event: EVENTS.INSTANCES_TRANSFERRED, type: null, direction: 'IN', fits: bringsInstances },
  {
    event: EVENTS.EXPORT,
    type: null,
    direction: 'OUT',
    fits: (event) => named(/deidentified/i)(event) && shows(event),
  },
  ...(['OUT', 'IN'] as const).flatMap((direction): Rule[] => [
    {
      event: EVENTS.BEGIN_TRANSFERRING,
      type: null,
      direction,
      fits: (event) => transfers(event, direction) && detailsOf(event.record).state === 'QUEUED',
    },
    { event: EVENTS.INSTANCES_TRANSFERRED, type: null, direction, fits: (event) => transfers(event, direction) },
  ]),
  {
    event: EVENTS.PROCEDURE_RECORD,
    type: null,
    fits: (event) => changes(event) && event.record.inferenceIds.length > 0 && shows(event),
  },
  { event: EVENTS.INSTANCES_ACCESSED, type: null, fits: shows },
  { event: EVENTS.PATIENT_RECORD, type: null, fits: ({ patient }) => patient !== null },
  {
    event: EVENTS.SECURITY_ALERT,
    type: EVENT_TYPES.SOFTWARE_CONFIGURATION,
    fits: (event) => changes(event) && event.record.modelVersionIds.length > 0,
  },
];

const OTHERWISE: EventKind = { event: EVENTS.SECURITY_ALERT, type: EVENT_TYPES.USE_OF_RESTRICTED_FUNCTION };

/** The kind of a record. */
export function kindOf(event: AuditedEvent): EventKind {
  return RULES.find(({ fits }) => fits(event)) ?? OTHERWISE;
}

/** Whether something of a patient's study was seen or changed. */
function shows({ patient, studies }: AuditedEvent): boolean {
  return patient !== null && studies.length > 0;
}

/** Whether a study goes to another node, or comes from one; its details are those of the transfer (store/dicom-transfers.ts). */
function transfers(event: AuditedEvent, direction: 'IN' | 'OUT'): boolean {
  return detailsOf(event.record).kind === (direction === 'IN' ? 'RETRIEVE' : 'SEND') && shows(event);
}

const ARRIVALS = /^(C-STORE|POST \/dicomweb\/studies|transfer)$|\bingestInstances\b/;

/** Whether films arrived. */
function bringsInstances(event: AuditedEvent): boolean {
  const { action, instanceIds, operation } = event.record;
  return action === 'CREATE' && instanceIds.length > 0 && ARRIVALS.test(operation) && shows(event);
}
