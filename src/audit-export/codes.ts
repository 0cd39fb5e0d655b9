/** Codes of audit messages: DICOM controlled terminology (PS3.16 annex D), context groups 400 to 405, and values of PS3.15 A.5.1.2. */

/** A coded concept. */
export interface Code {
  readonly value: string;
  /** Coding scheme designator, such as DCM. */
  readonly scheme: string;
  readonly meaning: string;
}

const dcm = (value: string, meaning: string): Code => ({ value, scheme: 'DCM', meaning });

/** What happened, in the large (context group 400). */
export const EVENTS = {
  APPLICATION_ACTIVITY: dcm('110100', 'Application Activity'),
  AUDIT_LOG_USED: dcm('110101', 'Audit Log Used'),
  BEGIN_TRANSFERRING: dcm('110102', 'Begin Transferring DICOM Instances'),
  INSTANCES_ACCESSED: dcm('110103', 'DICOM Instances Accessed'),
  INSTANCES_TRANSFERRED: dcm('110104', 'DICOM Instances Transferred'),
  EXPORT: dcm('110106', 'Export'),
  IMPORT: dcm('110107', 'Import'),
  PATIENT_RECORD: dcm('110110', 'Patient Record'),
  PROCEDURE_RECORD: dcm('110111', 'Procedure Record'),
  QUERY: dcm('110112', 'Query'),
  SECURITY_ALERT: dcm('110113', 'Security Alert'),
  USER_AUTHENTICATION: dcm('110114', 'User Authentication'),
} as const;

/** What happened, in particular (context groups 401 to 403). */
export const EVENT_TYPES = {
  APPLICATION_START: dcm('110120', 'Application Start'),
  APPLICATION_STOP: dcm('110121', 'Application Stop'),
  LOGIN: dcm('110122', 'Login'),
  NODE_AUTHENTICATION: dcm('110126', 'Node Authentication'),
  EMERGENCY_OVERRIDE_STARTED: dcm('110127', 'Emergency Override Started'),
  SOFTWARE_CONFIGURATION: dcm('110131', 'Software Configuration'),
  USE_OF_RESTRICTED_FUNCTION: dcm('110132', 'Use of Restricted Function'),
  USER_SECURITY_ATTRIBUTES_CHANGED: dcm('110137', 'User Security Attributes Changed'),
  EMERGENCY_OVERRIDE_STOPPED: dcm('110138', 'Emergency Override Stopped'),
} as const;

/** What a participant was in it (context group 402). */
export const PARTICIPANT_ROLES = {
  APPLICATION: dcm('110150', 'Application'),
  DESTINATION: dcm('110152', 'Destination Role ID'),
  SOURCE: dcm('110153', 'Source Role ID'),
  DESTINATION_MEDIA: dcm('110154', 'Destination Media'),
  SOURCE_MEDIA: dcm('110155', 'Source Media'),
} as const;

/** Media that something was imported from or exported to (context group 405). */
export const MEDIA = { URI: dcm('110037', 'URI') } as const;

/** What an object is named by (context group 404, and PS3.15 A.5.1.2.4). */
export const OBJECT_ID_TYPES = {
  PATIENT_NUMBER: { value: '2', scheme: 'RFC-3881', meaning: 'Patient Number' },
  URI: { value: '12', scheme: 'RFC-3881', meaning: 'URI' },
  STUDY_INSTANCE_UID: dcm('110180', 'Study Instance UID'),
  SOP_CLASS_UID: dcm('110181', 'SOP Class UID'),
} as const satisfies Record<string, Code>;

/** Scheme of the gateway's own names; those of private schemes begin with 99 (PS3.16 section 8.2). */
export const OWN_SCHEME = '99CXRGATEWAY';

/** What the gateway asks other nodes with. */
export const STUDY_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.2.1';
