/** The enumerations of the records, with what each value means. */
import { registerEnumType } from 'type-graphql';
import { ERROR_DEFINITIONS, type ErrorCode } from '../errors.ts';
import {
  AccessRole,
  AuditAction,
  AuditOutcome,
  ChangeType,
  DicomTransferKind,
  DicomTransferState,
  Eligibility,
  IdentityKind,
  InferenceState,
  ModelState,
  PatientAttribute,
  Precision,
  Priority,
  RereadJobState,
  ReviewVerdict,
  Sex,
} from '../store/reads/enums.ts';

export {
  AccessRole,
  AuditAction,
  AuditOutcome,
  ChangeType,
  DicomTransferKind,
  DicomTransferState,
  Eligibility,
  IdentityKind,
  InferenceState,
  ModelState,
  PatientAttribute,
  Precision,
  Priority,
  RereadJobState,
  ReviewVerdict,
  Sex,
};

registerEnumType(Sex, {
  name: 'Sex',
  description: "Patient's Sex (0010,0040).",
  valuesConfig: {
    MALE: { description: 'M in DICOM.' },
    FEMALE: { description: 'F in DICOM.' },
    OTHER: { description: 'O in DICOM.' },
  },
});

registerEnumType(PatientAttribute, {
  name: 'PatientAttribute',
  description: 'What of a patient two films can say differently.',
  valuesConfig: {
    NAME: { description: "Patient's Name (0010,0010)." },
    BIRTH_DATE: { description: "Patient's Birth Date (0010,0030), as YYYY-MM-DD." },
    SEX: { description: "Patient's Sex (0010,0040), as a value of `Sex`." },
  },
});

registerEnumType(Eligibility, {
  name: 'Eligibility',
  description: 'Whether the header of a film lets the model read it. The pixels are judged when it is read.',
  valuesConfig: {
    READ: { description: 'The header says that it is a frontal chest film.' },
    READ_WITH_WARNING: { description: 'The header is silent about something; its findings carry the warning.' },
    INELIGIBLE: { description: 'The header says that it is no frontal chest film; it is stored but not read.' },
  },
});

registerEnumType(InferenceState, {
  name: 'InferenceState',
  description: 'Where the reading of a film by a model version stands.',
  valuesConfig: {
    QUEUED: { description: 'Waits for a worker, also between two attempts.' },
    RUNNING: { description: 'A worker has claimed it.' },
    DONE: { description: 'Its findings are stored. Final.' },
    INELIGIBLE: { description: 'The film is no frontal chest film; there are no findings. Final.' },
    FAILED: { description: 'It ended with an error that trying again would not mend, or ran out of attempts.' },
    CANCELLED: { description: 'Somebody cancelled it before it was done.' },
  },
});

registerEnumType(Priority, {
  name: 'Priority',
  description: 'Which readings go first.',
  valuesConfig: {
    BACKGROUND: { description: 'Only while nothing else waits: shadow readings and re-readings.' },
    ROUTINE: { description: 'In the order of arrival.' },
    STAT: { description: 'Before every routine reading that waits.' },
  },
});

registerEnumType(Precision, {
  name: 'Precision',
  description: 'Number format of the weights.',
  valuesConfig: {
    FP32: { description: '32-bit floating point.' },
    INT8: { description: '8-bit integers with scales.' },
  },
});

registerEnumType(ReviewVerdict, {
  name: 'ReviewVerdict',
  description: 'What a reviewer says of a finding.',
  valuesConfig: {
    AGREE: { description: 'It is there if the finding is positive, and not there if it is negative.' },
    DISAGREE: { description: 'It is not there although the finding is positive, or there although it is negative.' },
    NOT_ASSESSABLE: { description: 'The film does not let one say.' },
    MISSED: { description: 'It is there and the reading has not found it (recordMissedFinding).' },
  },
});

registerEnumType(ModelState, {
  name: 'ModelState',
  description: 'What a model version is used for.',
  valuesConfig: {
    REGISTERED: { description: 'Known, verified and ready; reads when a request names it.' },
    SHADOW: { description: 'Reads beside the active version for comparison.' },
    CANARY: { description: 'Reads a share of the new films in place of the active version; one version at most.' },
    ACTIVE: { description: 'Reads every new film; one version at most.' },
    RETIRED: { description: 'Was active before; its findings stay.' },
  },
});

registerEnumType(RereadJobState, {
  name: 'RereadJobState',
  description: 'Where a job of re-readings stands.',
  valuesConfig: {
    RUNNING: { description: 'Its readings are queued, few at a time.' },
    PAUSED: { description: 'No more readings are queued until it is resumed.' },
    CANCELLED: { description: 'It was ended before its films were read.' },
    DONE: { description: 'Every film has been read or passed over.' },
  },
});

registerEnumType(ChangeType, {
  name: 'ChangeType',
  description: 'What happened.',
  valuesConfig: {
    INSTANCE_STORED: { description: 'A film and its records are durable.' },
    INFERENCE_QUEUED: { description: 'A reading waits for a worker.' },
    INFERENCE_STARTED: { description: 'A worker has claimed a reading.' },
    INFERENCE_DONE: { description: 'A reading ended with findings.' },
    INFERENCE_INELIGIBLE: { description: 'A reading ended because the film is no frontal chest film.' },
    INFERENCE_FAILED: { description: 'A reading ended with an error.' },
    INFERENCE_CANCELLED: { description: 'A reading was cancelled.' },
    MODEL_VERSION_CHANGED: { description: 'A model version was registered or moved to another state.' },
    BREAK_GLASS_OPENED: { description: 'Somebody opened a record that was not granted, with a reason.' },
    MODEL_TRANSITION_REQUESTED: { description: 'A move of a model version waits for a second administrator.' },
    MODEL_DRIFT_ALERT: { description: 'Scores or films of a model version have moved away from its reference.' },
    REREAD_JOB_CHANGED: { description: 'A job of re-readings was made, paused, resumed, cancelled or is done.' },
    BREAK_GLASS_ENDED: { description: 'Such an opening was ended before its time.' },
  },
});

registerEnumType(AccessRole, {
  name: 'AccessRole',
  description: 'What somebody works as; what each role may do is in docs/security.md.',
  valuesConfig: {
    CLINICIAN: { description: 'Reads films and findings of patients.' },
    TECHNOLOGIST: { description: 'Makes films and sends them.' },
    INTEGRATION: { description: 'Connects modalities, archives and records; mostly a machine.' },
    ADMIN: { description: 'Runs the gateway: model versions, API keys.' },
    AUDITOR: { description: 'Looks at who saw and did what.' },
  },
});

registerEnumType(IdentityKind, {
  name: 'IdentityKind',
  description: 'What proved who somebody is.',
  valuesConfig: {
    PERSON: { description: 'An access token of the identity provider.' },
    API_KEY: { description: 'An API key of the gateway.' },
    DICOM_NODE: { description: 'An AE title, with its certificate where the DICOM door demands one.' },
    COMMAND_LINE: { description: 'An account of the machine that the gateway runs on.' },
    SYSTEM: { description: 'The gateway itself.' },
    ANONYMOUS: { description: 'Nothing: the gateway was started with --insecure-no-auth, or nobody was let in.' },
  },
});

registerEnumType(AuditAction, {
  name: 'AuditAction',
  description: 'What was done.',
  valuesConfig: {
    READ: { description: 'Something was shown or sent.' },
    CREATE: { description: 'Something new was stored.' },
    UPDATE: { description: 'Something stored was changed.' },
    DELETE: { description: 'Something stored was removed.' },
    EXECUTE: { description: 'Something was carried out.' },
  },
});

registerEnumType(AuditOutcome, {
  name: 'AuditOutcome',
  description: 'How it ended.',
  valuesConfig: {
    SUCCESS: { description: 'It was done.' },
    DENIED: { description: 'It was refused for want of a permission.' },
    FAILED: { description: 'It failed; `errorCode` says why.' },
  },
});

/** The codes as an enumeration object. */
export const ErrorCodes = Object.fromEntries(Object.keys(ERROR_DEFINITIONS).map((code) => [code, code])) as {
  readonly [Code in ErrorCode]: Code;
};

registerEnumType(ErrorCodes, {
  name: 'ErrorCode',
  description: 'The closed set of error codes; each value says what to do. The same codes are in extensions.code.',
  valuesConfig: Object.fromEntries(
    Object.entries(ERROR_DEFINITIONS).map(([code, { remedy, retryable }]) => [
      code,
      { description: `${remedy}${retryable ? ' The same request may succeed later.' : ''}` },
    ]),
  ),
});

/** Directions of an order. */
export const OrderDirection = { ASC: 'ASC', DESC: 'DESC' } as const;

registerEnumType(OrderDirection, {
  name: 'OrderDirection',
  description: 'Direction of an order.',
  valuesConfig: {
    ASC: { description: 'Smallest or oldest first; rows without a value come first.' },
    DESC: { description: 'Largest or newest first; rows without a value come last.' },
  },
});

registerEnumType(DicomTransferKind, {
  name: 'DicomTransferKind',
  description: 'Which way a study goes.',
  valuesConfig: {
    RETRIEVE: { description: 'From the node to the gateway.' },
    SEND: { description: 'From the gateway to the node.' },
  },
});

registerEnumType(DicomTransferState, {
  name: 'DicomTransferState',
  description: 'Where a transfer stands.',
  valuesConfig: {
    QUEUED: { description: 'Waits, also between two attempts; then `error` is why the last one failed.' },
    RUNNING: { description: 'A process works on it.' },
    DONE: { description: 'The films have arrived, but for those counted as failed. Final.' },
    FAILED: { description: 'It ended with an error, or ran out of attempts. Final: request it again if it is wanted.' },
  },
});

export const NodeProtocol = { DIMSE: 'DIMSE', DICOMWEB: 'DICOMWEB' } as const;

registerEnumType(NodeProtocol, {
  name: 'NodeProtocol',
  description: 'How the gateway speaks to a DICOM node.',
  valuesConfig: {
    DIMSE: { description: 'C-ECHO, C-FIND, C-GET or C-MOVE, C-STORE.' },
    DICOMWEB: { description: 'QIDO-RS, WADO-RS, STOW-RS.' },
  },
});

export const DimseRetrieval = { get: 'get', move: 'move' } as const;

registerEnumType(DimseRetrieval, {
  name: 'DimseRetrieval',
  description: 'How studies are fetched from a node by DIMSE.',
  valuesConfig: {
    get: { description: 'C-GET: the films come on the same association.' },
    move: { description: "C-MOVE: the node sends the films to the gateway's own DICOM door." },
  },
});
