/** Records as AuditEvent resources of HL7 FHIR R4 (4.0.1). */
import type { AuditedEvent, ConcernedPatient, ConcernedStudy } from '../store/reads/audit-subjects.ts';
import { type AuditSource, recordUri } from './audit-source.ts';
import { type Code, EVENTS } from './codes.ts';
import { actionOf, outcomeOf } from './dicom-message.ts';
import { type Participant, participantsOf } from './dicom-participants.ts';
import { type EventKind, kindOf } from './event-kind.ts';
import { fhirString } from './fhir-text.ts';
import { extraDetails } from './record-details.ts';

interface Coding {
  readonly system?: string;
  readonly code?: string;
  readonly display?: string;
}

interface Concept {
  readonly coding?: readonly Coding[];
  readonly text?: string;
}

interface Reference {
  readonly type?: string;
  readonly identifier: {
    readonly system?: string;
    readonly value: string;
    readonly assigner?: { readonly display: string };
  };
  readonly display?: string;
}

interface Agent {
  readonly type?: Concept;
  readonly role?: readonly Concept[];
  readonly who: Reference;
  readonly altId?: string;
  readonly name?: string;
  readonly requestor: boolean;
  readonly media?: Coding;
  readonly network?: { readonly address: string; readonly type: '2' };
  readonly purposeOfUse?: readonly Concept[];
}

interface Entity {
  readonly what: Reference;
  readonly type: Coding;
  readonly role: Coding;
  readonly name?: string;
  readonly detail?: readonly { readonly type: string; readonly valueString: string }[];
}

/** An AuditEvent resource, as far as the gateway fills it in. */
export interface FhirAuditEvent {
  readonly resourceType: 'AuditEvent';
  /** The same for the same record in every export, so that importing it twice makes one. */
  readonly id: string;
  readonly type: Coding;
  readonly subtype: readonly Coding[];
  readonly action: string;
  readonly recorded: string;
  readonly outcome: '0' | '4' | '8';
  readonly outcomeDesc?: string;
  readonly purposeOfEvent: readonly Concept[];
  readonly agent: readonly Agent[];
  readonly source: { readonly observer: Reference; readonly type: readonly Coding[] };
  readonly entity: readonly Entity[];
}

const DICOM_TERMINOLOGY = 'http://dicom.nema.org/resources/ontology/DCM';
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const SOURCE_TYPE = 'http://terminology.hl7.org/CodeSystem/security-source-type';
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';

const PERSON: Coding = { system: ENTITY_TYPE, code: '1', display: 'Person' };
const SYSTEM_OBJECT: Coding = { system: ENTITY_TYPE, code: '2', display: 'System Object' };
const PATIENT_ROLE: Coding = { system: OBJECT_ROLE, code: '1', display: 'Patient' };
const REPORT_ROLE: Coding = { system: OBJECT_ROLE, code: '3', display: 'Report' };
const SECURITY_RESOURCE: Coding = { system: OBJECT_ROLE, code: '13', display: 'Security Resource' };

/** The resource of one record. */
export function fhirAuditEvent(event: AuditedEvent, source: AuditSource): FhirAuditEvent {
  const { record, patient, studies } = event;
  const kind = kindOf(event);
  const purpose = purposesOf(event);
  return {
    resourceType: 'AuditEvent',
    id: `${source.chain}-${record.position}`,
    type: dicomCoding(kind.event),
    subtype: [...(kind.type === null ? [] : [dicomCoding(kind.type)]), { display: fhirString(record.operation) }],
    action: actionOf(record.action, kind),
    recorded: record.occurredAt.toISOString(),
    outcome: outcomeOf(record.outcome, kind),
    ...(record.errorCode === null ? {} : { outcomeDesc: fhirString(record.errorCode) }),
    purposeOfEvent: purpose,
    agent: participantsOf(event, kind, source).map((participant) => agentOf(participant, purpose)),
    source: {
      observer: { type: 'Device', ...named(source.id), display: 'cxr-gateway' },
      type: [{ system: SOURCE_TYPE, code: '4', display: 'Application Server' }],
    },
    entity: [
      ...logEntity(kind, source),
      ...(patient === null ? [] : [patientEntity(patient)]),
      ...studies.map(studyEntity),
      {
        what: named(recordUri(source, record.position)),
        type: SYSTEM_OBJECT,
        role: SECURITY_RESOURCE,
        name: 'Audit record of cxr-gateway',
        detail: extraDetails(event).map(detail),
      },
    ],
  };
}

/** Break-glass is a purpose of its own, beside that of the caller. */
function purposesOf({ record }: AuditedEvent): readonly Concept[] {
  const codes = [record.purpose, ...(record.breakGlassId === null || record.purpose === 'BTG' ? [] : ['BTG'])];
  return codes.map((code) => ({ coding: [{ system: ACT_REASON, code: fhirCode(code) }] }));
}

function agentOf(participant: Participant, purposeOfUse: readonly Concept[]): Agent {
  const { userId, alternativeUserId, userName, isRequestor, roles, networkAddress, media } = participant;
  const [type] = roles.filter(({ scheme }) => scheme === 'DCM');
  const own = roles.filter(({ scheme }) => scheme !== 'DCM');
  return {
    ...(type === undefined ? {} : { type: { coding: [dicomCoding(type)] } }),
    ...(own.length === 0 ? {} : { role: own.map(({ meaning }) => ({ text: fhirString(meaning) })) }),
    who: { ...named(userId), ...(userName === undefined ? {} : { display: fhirString(userName) }) },
    ...(alternativeUserId === undefined ? {} : { altId: fhirString(alternativeUserId) }),
    ...(userName === undefined ? {} : { name: fhirString(userName) }),
    requestor: isRequestor,
    ...(media === undefined ? {} : { media: dicomCoding(media) }),
    ...(networkAddress === undefined ? {} : { network: { address: fhirString(networkAddress), type: '2' as const } }),
    ...(isRequestor ? { purposeOfUse } : {}),
  };
}

function logEntity({ event }: EventKind, { chain }: AuditSource): readonly Entity[] {
  if (event !== EVENTS.AUDIT_LOG_USED) return [];
  const what = named(`urn:uuid:${chain}`);
  return [{ what, type: SYSTEM_OBJECT, role: SECURITY_RESOURCE, name: 'Security Audit Log' }];
}

function patientEntity({ mrn, issuer }: ConcernedPatient): Entity {
  const identifier = { value: fhirString(mrn), assigner: { display: fhirString(issuer) } };
  return { what: { type: 'Patient', identifier }, type: PERSON, role: PATIENT_ROLE };
}

function studyEntity({ studyInstanceUid, accessionNumber, instances }: ConcernedStudy): Entity {
  const details = [
    ...(accessionNumber === null || accessionNumber === '' ? [] : [['AccessionNumber', accessionNumber] as const]),
    ...instances.map(({ sopInstanceUid }) => ['SOPInstanceUID', sopInstanceUid] as const),
  ];
  return {
    what: {
      type: 'ImagingStudy',
      identifier: { system: 'urn:dicom:uid', value: `urn:oid:${studyInstanceUid}` },
    },
    type: SYSTEM_OBJECT,
    role: REPORT_ROLE,
    ...(details.length === 0 ? {} : { detail: details.map(detail) }),
  };
}

function detail([type, value]: readonly [string, string]): { readonly type: string; readonly valueString: string } {
  return { type, valueString: fhirString(value) };
}

function named(value: string): Reference {
  return { identifier: { value: fhirString(value) } };
}

function dicomCoding({ value, meaning }: Code): Coding {
  return { system: DICOM_TERMINOLOGY, code: value, display: meaning };
}

/** A value of the type code: no space at its ends, and single ones within. */
function fhirCode(text: string): string {
  return fhirString(text).trim().replace(/\s+/g, ' ') || '-';
}
