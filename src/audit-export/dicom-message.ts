/** Records as audit messages of DICOM: PS3.15 A.5, the Audit Trail Message Format Profile. */
import type { AuditedEvent, ConcernedStudy } from '../store/reads/audit-subjects.ts';
import type { AuditSource } from './audit-source.ts';
import { EVENTS, OWN_SCHEME } from './codes.ts';
import { codeXml, objectsOf } from './dicom-objects.ts';
import { type Participant, participantsOf } from './dicom-participants.ts';
import { type EventKind, kindOf } from './event-kind.ts';
import { element, escapeXml } from './xml.ts';

/** Studies of one message: with twenty instances each it stays below 32 KiB, which every collector takes (PS3.15 A.6). */
const STUDIES_A_MESSAGE = 8;

/** Longest text that somebody else chose, in characters; longer ones are cut. */
const LONGEST_TEXT = 256;

/** Application server process (PS3.15 A.5.1.2.1). */
const SOURCE_TYPE = '4';

/**
 * The messages of one record, each on one line: one, or several when it concerns very many studies. All of them name the
 * record, so they can be put together again.
 */
export function dicomAuditMessages(event: AuditedEvent, source: AuditSource): readonly string[] {
  const kind = kindOf(event);
  const parts: (readonly ConcernedStudy[])[] = [];
  for (let from = 0; from < event.studies.length; from += STUDIES_A_MESSAGE) {
    parts.push(event.studies.slice(from, from + STUDIES_A_MESSAGE));
  }
  return (parts.length === 0 ? [[]] : parts).map((studies) => message(event, kind, studies, source));
}

function message(
  event: AuditedEvent,
  kind: EventKind,
  studies: readonly ConcernedStudy[],
  source: AuditSource,
): string {
  return element(
    'AuditMessage',
    {},
    eventXml(event, kind),
    ...participantsOf(event, kind, source).map(participantXml),
    element(
      'AuditSourceIdentification',
      { AuditSourceID: source.id },
      element('AuditSourceTypeCode', { 'csd-code': SOURCE_TYPE }),
    ),
    ...objectsOf(event, kind, studies, source),
  );
}

function eventXml({ record }: AuditedEvent, kind: EventKind): string {
  const own = { value: short(record.operation), scheme: OWN_SCHEME, meaning: short(record.operation) };
  return element(
    'EventIdentification',
    {
      EventActionCode: actionOf(record.action, kind),
      EventDateTime: record.occurredAt.toISOString(),
      EventOutcomeIndicator: outcomeOf(record.outcome, kind),
    },
    codeXml('EventID', kind.event),
    ...(kind.type === null ? [] : [codeXml('EventTypeCode', kind.type)]),
    codeXml('EventTypeCode', own),
    ...(record.errorCode === null ? [] : [element('EventOutcomeDescription', {}, escapeXml(record.errorCode))]),
  );
}

/** The letter of an action. Some messages allow one only, or not every one (PS3.15 A.5.3). */
export function actionOf(action: AuditedEvent['record']['action'], { event }: EventKind): string {
  switch (event) {
    case EVENTS.AUDIT_LOG_USED:
    case EVENTS.EXPORT:
      return 'R';
    case EVENTS.IMPORT:
      return 'C';
    case EVENTS.APPLICATION_ACTIVITY:
    case EVENTS.BEGIN_TRANSFERRING:
    case EVENTS.QUERY:
    case EVENTS.SECURITY_ALERT:
    case EVENTS.USER_AUTHENTICATION:
      return 'E';
    case EVENTS.INSTANCES_TRANSFERRED:
      return action === 'CREATE' || action === 'UPDATE' ? action.charAt(0) : 'R';
    default:
      return action === 'EXECUTE' ? 'U' : action.charAt(0);
  }
}

/**
 * 0 success; 4 minor failure: what was refused did not happen; 8 serious failure (PS3.15 A.5.2). Of a security alert 8 would say
 * that the gateway was not able to prevent it.
 */
export function outcomeOf(outcome: AuditedEvent['record']['outcome'], { event }: EventKind): '0' | '4' | '8' {
  if (outcome === 'SUCCESS') return '0';
  return outcome === 'DENIED' || event === EVENTS.SECURITY_ALERT ? '4' : '8';
}

function participantXml(participant: Participant): string {
  const { userId, alternativeUserId, userName, isRequestor, roles, networkAddress, media } = participant;
  return element(
    'ActiveParticipant',
    {
      UserID: short(userId),
      AlternativeUserID: alternativeUserId && short(alternativeUserId),
      UserName: userName && short(userName),
      UserIsRequestor: String(isRequestor),
      NetworkAccessPointID: networkAddress,
      NetworkAccessPointTypeCode: networkAddress === undefined ? undefined : '2',
    },
    ...roles.map((role) => codeXml('RoleIDCode', role)),
    ...(media === undefined ? [] : [element('MediaIdentifier', {}, codeXml('MediaType', media))]),
  );
}

function short(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}
