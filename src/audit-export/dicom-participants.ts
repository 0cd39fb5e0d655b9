/** Active participants of DICOM audit messages (PS3.15 A.5.2 and A.5.3): who did it, through what, from where to where. */
import type { AuditedEvent } from '../store/reads/audit-subjects.ts';
import type { AuditSource } from './audit-source.ts';
import { type Code, EVENTS, MEDIA, OWN_SCHEME, PARTICIPANT_ROLES } from './codes.ts';
import type { EventKind } from './event-kind.ts';
import { detailsOf } from './record-details.ts';

/** One participant. */
export interface Participant {
  readonly userId: string;
  readonly alternativeUserId?: string;
  readonly userName?: string;
  readonly isRequestor: boolean;
  readonly roles: readonly Code[];
  readonly networkAddress?: string;
  readonly media?: Code;
}

/** Who takes part in an event, the person or program that caused it first. */
export function participantsOf(event: AuditedEvent, kind: EventKind, source: AuditSource): readonly Participant[] {
  const gateway = gatewayIn(source);
  const actor = actorOf(event);
  switch (kind.event) {
    case EVENTS.BEGIN_TRANSFERRING:
    case EVENTS.INSTANCES_TRANSFERRED:
    case EVENTS.QUERY:
      return between(event, kind, actor, gateway);
    case EVENTS.IMPORT:
      return [withRole(actor, PARTICIPANT_ROLES.DESTINATION), gateway, medium(event, PARTICIPANT_ROLES.SOURCE_MEDIA)];
    case EVENTS.EXPORT:
      return [withRole(actor, PARTICIPANT_ROLES.SOURCE), gateway, medium(event, PARTICIPANT_ROLES.DESTINATION_MEDIA)];
    case EVENTS.SECURITY_ALERT:
      // Who reports comes first; who did it is never the requestor of an alert (PS3.15 table A.5.3.11-1).
      return [
        { ...gateway, isRequestor: true },
        { ...actor, isRequestor: false },
      ];
    case EVENTS.APPLICATION_ACTIVITY:
      return [withRole(gateway, PARTICIPANT_ROLES.APPLICATION)];
    default:
      return isGateway(event) ? [{ ...gateway, isRequestor: true }] : [actor, gateway];
  }
}

/** From one node to the other. Without another node in the record, whoever called is the other side. */
function between(
  event: AuditedEvent,
  kind: EventKind,
  actor: Participant,
  gateway: Participant,
): readonly Participant[] {
  const { node } = detailsOf(event.record);
  const [ours, theirs] =
    kind.direction === 'IN'
      ? [PARTICIPANT_ROLES.DESTINATION, PARTICIPANT_ROLES.SOURCE]
      : [PARTICIPANT_ROLES.SOURCE, PARTICIPANT_ROLES.DESTINATION];
  if (typeof node !== 'string' && kind.event !== EVENTS.QUERY) {
    return [withRole(actor, theirs), withRole(gateway, ours)];
  }
  const other = { userId: `dicom-node:${node ?? 'unknown'}`, isRequestor: false, roles: [theirs] };
  return isGateway(event)
    ? [{ ...withRole(gateway, ours), isRequestor: true }, other]
    : [withRole(gateway, ours), other, actor];
}

function actorOf({ record }: AuditedEvent): Participant {
  const { subject, identityKind, displayName, roles, sourceAddress } = record;
  return {
    userId: subject,
    ...(identityKind === 'DICOM_NODE' ? { alternativeUserId: aeTitles(subject.replace(/^dicom:/, '')) } : {}),
    ...(displayName === null ? {} : { userName: displayName }),
    isRequestor: true,
    roles: roles.map((role) => ({ value: role, scheme: OWN_SCHEME, meaning: role })),
    ...(sourceAddress === null ? {} : { networkAddress: sourceAddress }),
  };
}

function gatewayIn({ id, aeTitle }: AuditSource): Participant {
  return { userId: id, alternativeUserId: aeTitles(aeTitle), userName: 'cxr-gateway', isRequestor: false, roles: [] };
}

/** Everything that comes over HTTP comes from, and goes to, an address. */
function medium({ record }: AuditedEvent, role: Code): Participant {
  return { userId: record.sourceAddress ?? record.operation, isRequestor: false, roles: [role], media: MEDIA.URI };
}

function withRole(participant: Participant, role: Code): Participant {
  return { ...participant, roles: [role, ...participant.roles] };
}

/** PS3.15 A.5.2.2. */
function aeTitles(title: string): string {
  return `AETITLES=${title}`;
}

function isGateway({ record }: AuditedEvent): boolean {
  return record.identityKind === 'SYSTEM';
}
