/** Records of every kind, as the store gives them to an export. */
import { randomUUID } from 'node:crypto';
import type { AuditRecordRow } from '../../src/store/reads/audit-records.ts';
import type { AuditedEvent } from '../../src/store/reads/audit-subjects.ts';

export const CHAIN = '0193a1b2-0000-7000-8000-00000000c0de';
export const SOURCE = { id: 'gateway.example', aeTitle: 'CXRGATEWAY', chain: CHAIN };

let position = 0n;

export function record(overrides: Partial<AuditRecordRow> = {}): AuditRecordRow {
  position += 1n;
  return {
    position,
    hash: 'ab'.repeat(32),
    occurredAt: new Date('2026-11-24T15:00:00.123Z'),
    subject: 'oidc:https://id.example#42',
    identityKind: 'PERSON',
    displayName: 'Dr. Ada Bell',
    roles: ['CLINICIAN'],
    sourceAddress: '192.0.2.7',
    requestId: randomUUID(),
    operation: 'query study',
    action: 'READ',
    purpose: 'TREAT',
    outcome: 'SUCCESS',
    errorCode: null,
    breakGlassId: null,
    breakGlassReason: null,
    patientId: null,
    studyIds: [],
    instanceIds: [],
    inferenceIds: [],
    findingIds: [],
    modelVersionIds: [],
    details: null,
    ...overrides,
  };
}

export const patient = { id: randomUUID(), mrn: 'MRN-1', issuer: 'HOSPITAL' };

export function study(uid: string, instances = 1) {
  return {
    studyInstanceUid: uid,
    accessionNumber: 'A-1',
    instances: Array.from({ length: instances }, (_, index) => ({
      sopInstanceUid: `${uid}.1.${index + 1}`,
      sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
    })),
  };
}

/** @param about - what the ids of the record stand for */
export function event(
  overrides: Partial<AuditRecordRow> = {},
  about: Partial<Omit<AuditedEvent, 'record'>> = {},
): AuditedEvent {
  return { record: record(overrides), patient: null, studies: [], modelVersions: [], ...about };
}

const film = { patient, studies: [study('1.2.3')] };
const arrived = { action: 'CREATE', instanceIds: [randomUUID()] } as const;
const node = {
  subject: 'dicom:CR_ROOM1',
  identityKind: 'DICOM_NODE',
  displayName: null,
  roles: ['TECHNOLOGIST'],
} as const;
const gateway = {
  subject: 'system',
  identityKind: 'SYSTEM',
  displayName: null,
  roles: [],
  sourceAddress: null,
  requestId: null,
  purpose: 'HOPERAT',
} as const;

const transfer = (kind: string, state: string) =>
  ({ action: 'EXECUTE', details: JSON.stringify({ kind, node: 'PACS', state, studyInstanceUid: '1.2.3' }) }) as const;

/** An example of every kind: what it is, the event and the type of PS3.15 A.5.3 that it must become. */
export const EXAMPLES: readonly (readonly [what: string, event: AuditedEvent, id: string, type: string | null])[] = [
  ['a study that was read', event({ findingIds: [randomUUID()] }, film), '110103', null],
  ['a heat map', event({ operation: 'GET /instances/:uid/heatmaps/:label.png' }, film), '110103', null],
  ['a subscription event', event({ operation: 'subscription findingsCompleted' }, film), '110103', null],
  ['a patient who was read', event({ operation: 'query patient' }, { patient }), '110110', null],
  [
    'a read by break-glass',
    event({ breakGlassId: randomUUID(), breakGlassReason: 'unconscious <in> the "ER"' }, film),
    '110103',
    null,
  ],
  ['a read that failed', event({ outcome: 'FAILED', errorCode: 'BLOB_UNREADABLE' }, film), '110103', null],
  ['a film by C-STORE', event({ ...arrived, ...node, operation: 'C-STORE' }, film), '110104', null],
  ['a film by STOW-RS', event({ ...arrived, operation: 'POST /dicomweb/studies' }, film), '110104', null],
  ['a film by upload', event({ ...arrived, operation: 'mutation ingestInstances' }, film), '110107', null],
  ['a film that was fetched', event({ ...arrived, ...gateway, operation: 'transfer' }, film), '110104', null],
  [
    'a study to be sent',
    event({ operation: 'mutation sendStudy', ...transfer('SEND', 'QUEUED') }, film),
    '110102',
    null,
  ],
  [
    'a study that was sent',
    event({ ...gateway, operation: 'transfer', ...transfer('SEND', 'DONE') }, film),
    '110104',
    null,
  ],
  [
    'a study to be fetched',
    event({ operation: 'mutation retrieveStudy', ...transfer('RETRIEVE', 'QUEUED') }, film),
    '110102',
    null,
  ],
  [
    'a study that was fetched',
    event({ ...gateway, operation: 'transfer', ...transfer('RETRIEVE', 'DONE') }, film),
    '110104',
    null,
  ],
  [
    'a study to be fetched that is not known yet',
    event({ operation: 'mutation retrieveStudy', ...transfer('RETRIEVE', 'QUEUED') }),
    '110113',
    '110132',
  ],
  ['a de-identified view', event({ operation: 'GET /deidentified/instances/:uid/preview.png' }, film), '110106', null],
  ['a search elsewhere', event({ operation: 'query remoteStudies', details: '{"node":"PACS"}' }), '110112', null],
  [
    'a reading that was asked for',
    event({ ...arrived, operation: 'mutation requestInference', inferenceIds: [randomUUID()] }, film),
    '110111',
    null,
  ],
  [
    'a reading that was carried out',
    event({ ...arrived, ...gateway, operation: 'pipeline', action: 'UPDATE', inferenceIds: [randomUUID()] }, film),
    '110111',
    null,
  ],
  ['nobody let in', event({ outcome: 'DENIED', errorCode: 'UNAUTHENTICATED' }), '110114', '110122'],
  ['a node not let in', event({ ...node, outcome: 'DENIED', errorCode: 'UNAUTHENTICATED' }), '110113', '110126'],
  ['a permission that was missing', event({ outcome: 'DENIED', errorCode: 'FORBIDDEN' }, film), '110113', '110132'],
  [
    'a record that was opened',
    event({ operation: 'mutation openBreakGlass', action: 'CREATE' }, { patient }),
    '110113',
    '110127',
  ],
  [
    'an opening that was ended',
    event({ operation: 'mutation endBreakGlass', action: 'UPDATE' }, { patient }),
    '110113',
    '110138',
  ],
  ['an API key', event({ operation: 'mutation createApiKey', action: 'CREATE' }), '110113', '110137'],
  ['a revocation', event({ operation: 'mutation revokeIdentity', action: 'CREATE' }), '110113', '110137'],
  [
    'a model version in use',
    event(
      { operation: 'mutation activateModelVersion', action: 'UPDATE', modelVersionIds: [randomUUID()] },
      { modelVersions: ['chexnet@1.1.0'] },
    ),
    '110113',
    '110131',
  ],
  ['the audit, looked at', event({ operation: 'query auditTrail', roles: ['AUDITOR'] }), '110101', null],
  ["a patient's log, looked at", event({ operation: 'query patientAccessLog' }, { patient }), '110101', null],
  [
    'the audit, exported',
    event({
      operation: 'audit export',
      subject: 'command-line:root',
      identityKind: 'COMMAND_LINE',
      sourceAddress: null,
    }),
    '110101',
    null,
  ],
  ['a start', event({ ...gateway, operation: 'application start', action: 'EXECUTE' }), '110100', '110120'],
  ['a stop', event({ ...gateway, operation: 'application stop', action: 'EXECUTE' }), '110100', '110121'],
  ['anything else', event({ operation: 'mutation echoDicomNode', action: 'EXECUTE' }), '110113', '110132'],
];
