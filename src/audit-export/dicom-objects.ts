/** Participant objects of DICOM audit messages (PS3.15 A.5.2 and A.5.3): patient, studies, and what else it was about. */
import type { AuditedEvent, ConcernedPatient, ConcernedStudy } from '../store/reads/audit-subjects.ts';
import { type AuditSource, recordUri } from './audit-source.ts';
import { type Code, EVENT_TYPES, EVENTS, OBJECT_ID_TYPES, STUDY_ROOT_FIND } from './codes.ts';
import type { EventKind } from './event-kind.ts';
import { extraDetails } from './record-details.ts';
import { element, escapeXml } from './xml.ts';

/** Values of PS3.15 A.5.1.2.2: what an object was in the event. */
const ROLE = { PATIENT: '1', REPORT: '3', SECURITY_RESOURCE: '13' } as const;
const PERSON = '1';
const SYSTEM_OBJECT = '2';

/** Instances of one study that are named one by one; beyond them they are counted. */
const NAMED_INSTANCES = 20;

/** Longest text of a detail in characters; longer ones are cut. */
const LONGEST_DETAIL = 1000;

interface ParticipantObject {
  readonly id: string;
  readonly idType: Code;
  readonly typeCode: string;
  readonly role: string;
  /** Either a name or a query. */
  readonly name: string | { readonly query: string };
  readonly details?: readonly (readonly [type: string, value: string])[];
  /** XML of DICOMObjectDescriptionContents. */
  readonly description?: string;
}

/** The objects of one message, as XML. @param studies - those of the event that this message carries */
export function objectsOf(
  event: AuditedEvent,
  kind: EventKind,
  studies: readonly ConcernedStudy[],
  source: AuditSource,
): readonly string[] {
  const { patient } = event;
  return [
    ...particular(event, kind, source),
    ...studies.map((study) => studyObject(study, kind)),
    ...(patient === null ? [] : [patientObject(patient)]),
    auditRecordObject(event, source),
  ].map(objectXml);
}

/** What only this kind of message has. */
function particular({ record }: AuditedEvent, kind: EventKind, { chain }: AuditSource): readonly ParticipantObject[] {
  const resource = { typeCode: SYSTEM_OBJECT, role: ROLE.SECURITY_RESOURCE, idType: OBJECT_ID_TYPES.URI };
  switch (kind.event) {
    case EVENTS.AUDIT_LOG_USED:
      return [{ ...resource, id: `urn:uuid:${chain}`, name: 'Security Audit Log' }];
    case EVENTS.SECURITY_ALERT: {
      const { type } = kind;
      const outcome = type === EVENT_TYPES.USE_OF_RESTRICTED_FUNCTION ? record.outcome : (type?.meaning ?? '');
      const alert = `${outcome}: ${record.operation}${record.errorCode === null ? '' : ` (${record.errorCode})`}`;
      const id = encodeURIComponent(record.operation.toWellFormed());
      return [{ ...resource, id, name: record.operation, details: [['Alert Description', alert]] }];
    }
    case EVENTS.QUERY:
      return [
        {
          ...resource,
          role: ROLE.REPORT,
          idType: OBJECT_ID_TYPES.SOP_CLASS_UID,
          id: STUDY_ROOT_FIND,
          name: { query: record.details ?? '{}' },
        },
      ];
    default:
      return [];
  }
}

/** The patient's name stays here: the number names the patient, and a collector needs no more. */
function patientObject({ mrn, issuer }: ConcernedPatient): ParticipantObject {
  return {
    id: `${escapeHl7(mrn)}^^^${escapeHl7(issuer)}`,
    idType: OBJECT_ID_TYPES.PATIENT_NUMBER,
    typeCode: PERSON,
    role: ROLE.PATIENT,
    name: mrn,
    details: [['Issuer', issuer]],
  };
}

function studyObject({ studyInstanceUid, accessionNumber, instances }: ConcernedStudy, kind: EventKind) {
  const accession = accessionNumber === null ? '' : element('Accession', { Number: accessionNumber });
  const bySopClass = [...Map.groupBy(instances, ({ sopClassUid }) => sopClassUid)];
  const named = new Set(instances.slice(0, NAMED_INSTANCES));
  const sopClasses = bySopClass.map(([UID, ofClass]) =>
    element(
      'SOPClass',
      { UID, NumberOfInstances: ofClass.length.toString() },
      ...ofClass
        .filter((one) => named.has(one))
        .map(({ sopInstanceUid }) => element('Instance', { UID: sopInstanceUid })),
    ),
  );
  const anonymized = kind.event === EVENTS.EXPORT ? element('Anonymized', {}, 'true') : '';
  return {
    id: studyInstanceUid,
    idType: OBJECT_ID_TYPES.STUDY_INSTANCE_UID,
    typeCode: SYSTEM_OBJECT,
    role: ROLE.REPORT,
    name: studyInstanceUid,
    description: `${accession}${sopClasses.join('')}${anonymized}`,
  };
}

/** An extension: names the record in the chain that the message was made of. */
function auditRecordObject(event: AuditedEvent, source: AuditSource): ParticipantObject {
  return {
    id: recordUri(source, event.record.position),
    idType: OBJECT_ID_TYPES.URI,
    typeCode: SYSTEM_OBJECT,
    role: ROLE.SECURITY_RESOURCE,
    name: 'Audit record of cxr-gateway',
    details: extraDetails(event),
  };
}

function objectXml({ id, idType, typeCode, role, name, details = [], description = '' }: ParticipantObject): string {
  return element(
    'ParticipantObjectIdentification',
    { ParticipantObjectID: id, ParticipantObjectTypeCode: typeCode, ParticipantObjectTypeCodeRole: role },
    codeXml('ParticipantObjectIDTypeCode', idType),
    typeof name === 'string'
      ? element('ParticipantObjectName', {}, escapeXml(name))
      : element('ParticipantObjectQuery', {}, base64(name.query)),
    ...details.map(([type, value]) => element('ParticipantObjectDetail', { type, value: base64(value) })),
    ...(description === '' ? [] : [element('ParticipantObjectDescription', {}, description)]),
  );
}

/** A coded value (PS3.15 A.5.1.1, CodedValueType). */
export function codeXml(name: string, { value, scheme, meaning }: Code): string {
  return element(name, { 'csd-code': value, codeSystemName: scheme, originalText: meaning });
}

function base64(text: string): string {
  const cut = text.length > LONGEST_DETAIL ? `${text.slice(0, LONGEST_DETAIL)}…` : text;
  return Buffer.from(cut.toWellFormed()).toString('base64');
}

/** Separators of an identifier in the form of HL7 v2 (chapter 2.7.1), which IHE asks for and which tells issuers apart. */
function escapeHl7(text: string): string {
  const escapes: Record<string, string> = { '\\': 'E', '|': 'F', '^': 'S', '&': 'T', '~': 'R' };
  return text.replace(/[\\|^&~]/g, (character) => `\\${escapes[character]}\\`);
}
