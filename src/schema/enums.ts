/** The enumerations of the records, with what each value means. */
import { registerEnumType } from 'type-graphql';
import { ERROR_DEFINITIONS, type ErrorCode } from '../errors.ts';
import { ChangeType, Eligibility, InferenceState, ModelState, Precision, Priority, Sex } from '../store/reads/enums.ts';

export { ChangeType, Eligibility, InferenceState, ModelState, Precision, Priority, Sex };

registerEnumType(Sex, {
  name: 'Sex',
  description: "Patient's Sex (0010,0040).",
  valuesConfig: {
    MALE: { description: 'M in DICOM.' },
    FEMALE: { description: 'F in DICOM.' },
    OTHER: { description: 'O in DICOM.' },
  },
});

registerEnumType(Eligibility, {
  name: 'Eligibility',
  description: 'Whether the header of a film lets the model read it.',
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

registerEnumType(ModelState, {
  name: 'ModelState',
  description: 'What a model version is used for.',
  valuesConfig: {
    REGISTERED: { description: 'Known, verified and ready; reads when a request names it.' },
    SHADOW: { description: 'Reads beside the active version for comparison.' },
    ACTIVE: { description: 'Reads every new film; one version at most.' },
    RETIRED: { description: 'Was active before; its findings stay.' },
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
